"""A contract, and what a change of it is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONTRACT", "REFUND", "Case", "Edit", "edited"]

CONTRACT = """\
syntax = "proto3";
package shop.v1;
import "google/protobuf/empty.proto";
import "google/protobuf/wrappers.proto";
import "restatepb/v1/options.proto";

service Cart {
  option (restatepb.v1.object) = { state: { name: "items" type: "shop.v1.ItemList" } };
  rpc Add(AddRequest) returns (Item);
  rpc Show(google.protobuf.Empty) returns (ItemList) {
    option (restatepb.v1.handler) = { shared: true };
  }
  rpc Scan(google.protobuf.BytesValue) returns (google.protobuf.BytesValue) {
    option (restatepb.v1.handler) = { raw: { input: "image/png" output: "image/png" } };
  }
  rpc Keep(google.protobuf.BytesValue) returns (google.protobuf.BytesValue);
}

service Signup {
  option (restatepb.v1.workflow) = { promise: { name: "confirmed" type: "shop.v1.Item" } };
  rpc Run(Account) returns (Account);
  rpc Confirm(Item) returns (google.protobuf.Empty);
}

service Payments {
  option (restatepb.v1.service) = { signal: { name: "approved" type: "shop.v1.Item" } };
  rpc Pay(Item) returns (Receipt);
  rpc Refund(Receipt) returns (Item);
}

service Stock {
  option (restatepb.v1.service) = { error: { type: "shop.v1.SoldOut" code: 409 } };
  rpc Take(Item) returns (google.protobuf.Empty) {
    option (restatepb.v1.handler).error = { type: "shop.v1.Locked" code: 423 };
  }
  rpc Look(Item) returns (google.protobuf.Empty);
}

service Ledger {
  option (restatepb.v1.object) = {
    name: "ledger"
    encoding: ENCODING_JSON
    state: { name: "last" type: "shop.v1.Entry" }
  };
  rpc Book(Entry) returns (google.protobuf.Empty);
}

service Room {
  option (restatepb.v1.object).key = { type: "shop.v1.RoomKey" format: "{house}/{floor}-{door}" };
  rpc Clean(Cleaning) returns (Cleaning);
}

message Cleaning {}
message RoomKey {
  string house = 1;
  int32 floor = 2;
  sint32 door = 3;
}
message Item { string id = 1; int32 amount = 2; }
message ItemList {
  repeated Item items = 1;
}
message AddRequest {
  string user = 1 [(restatepb.v1.key) = true];
  Item item = 2;
  string added = 4 [(restatepb.v1.awakeable) = { type: "shop.v1.Added" }];
}
message Added {
  string id = 1;
}
message Account {
  string name = 1;
  string mail = 2;
}
message Receipt {
  string id = 1;
  int64 cents = 2;
  uint32 parts = 9;
}
message Entry {
  string account_name = 1;
  Status status = 2;
}
message SoldOut {
  int32 left = 1;
}
message Locked {}
enum Status {
  STATUS_UNSPECIFIED = 0;
  STATUS_OPEN = 1;
}
"""

REFUND = "  rpc Refund(Receipt) returns (Item);\n"
"""The line of a handler that has no option."""

Edit = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """A change of the contract.

    Args:
        rule: what it breaks.
        edits: what is written instead of what, to break it.
        says: what the finding says.
        safe: the edits of the safe way, which break nothing.
        place: begins the line of the new contract that the finding points to; None for the file.
        before: that of the old contract; None where it is the same.
        handler: the handler that it is about.
        why: a part of why it breaks.
    """

    rule: str
    edits: tuple[Edit, ...]
    says: str
    safe: tuple[Edit, ...]
    place: str | None
    before: str | None = None
    handler: str | None = None
    why: str = ""

    def __str__(self) -> str:
        return f"{self.rule}: {self.says}"


def edited(edits: tuple[Edit, ...]) -> str:
    """The contract after edits."""
    text = CONTRACT
    for old, new in edits:
        assert text.count(old) >= 1, f"{old!r} is not in the contract"
        text = text.replace(old, new, 1)
    return text
