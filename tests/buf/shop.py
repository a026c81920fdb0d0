"""A workspace of three modules: two packages with services, one with messages, and the options."""

from __future__ import annotations

import json
from typing import Any

FILES = {
    "buf.yaml": """
        version: v2
        modules:
          - path: proto
          - path: common
          - path: third_party
        """,
    "proto/cart/v1/cart.proto": """
        syntax = "proto3";

        package cart.v1;

        import "cart/v1/tickets.proto";
        import "google/protobuf/empty.proto";
        import "money/v1/money.proto";
        import "restatepb/v1/options.proto";

        // Keeps tickets.
        service Cart {
          option (restatepb.v1.object) = {
            state: {
              name: "tickets"
              type: "cart.v1.Tickets"
            }
            state: {
              name: "spent"
              type: "cart.v1.Spent"
            }
          };

          // Adds one.
          rpc Add(AddRequest) returns (google.protobuf.Empty);
        }

        message AddRequest {
          string customer = 1 [(restatepb.v1.key) = true];
          money.v1.Money price = 2;
        }

        message Spent {
          money.v1.Money total = 1;
        }
        """,
    "proto/cart/v1/tickets.proto": """
        syntax = "proto3";

        package cart.v1;

        import "google/protobuf/timestamp.proto";

        message Tickets {
          google.protobuf.Timestamp since = 1;
        }
        """,
    "proto/till/v1/till.proto": """
        edition = "2023";

        package till.v1;

        import "money/v1/money.proto";
        import "restatepb/v1/options.proto";

        service Till {
          option (restatepb.v1.service) = {};

          rpc Pay(PayRequest) returns (PayResponse);
        }

        message PayRequest {
          money.v1.Money price = 1;
        }

        message PayResponse {}
        """,
    "common/money/v1/money.proto": """
        syntax = "proto3";

        package money.v1;

        message Money {
          int64 cents = 1;
        }
        """,
}

RESTATE_FILES = ["cart/v1/cart_restate.py", "till/v1/till_restate.py"]


def restate(out: str, **more: Any) -> dict[str, Any]:
    """The plugin in a template."""
    return {"local": "protoc-gen-python-restate", "out": out, "strategy": "all", **more}


def messages(out: str, **more: Any) -> list[dict[str, Any]]:
    """protoc's own plugins in a template."""
    protoc = {"protoc_path": ["python", "-m", "grpc_tools.protoc"], "out": out}
    return [{"protoc_builtin": name, **protoc, **more} for name in ("python", "pyi")]


def template(*plugins: dict[str, Any], **more: Any) -> str:
    """A buf.gen.yaml, as the value of --template."""
    return json.dumps({"version": "v2", "plugins": plugins, **more})
