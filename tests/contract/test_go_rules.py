"""The rules for contracts with the Go SDK's options, alone and beside ours."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.contract.rules import FIRST, HEAD

if TYPE_CHECKING:
    from tests.protoc import Answer

GO = """\
syntax = "proto3";
package dev.restate.sdk.go;
import "google/protobuf/descriptor.proto";
enum ServiceType { SERVICE = 0; VIRTUAL_OBJECT = 1; WORKFLOW = 2; }
enum HandlerType { UNSET = 0; EXCLUSIVE = 1; SHARED = 2; WORKFLOW_RUN = 3; }
extend google.protobuf.MethodOptions { HandlerType handler_type = 2051; }
extend google.protobuf.ServiceOptions { ServiceType service_type = 2051; }
"""

CASES: dict[str, tuple[str, list[str]]] = {
    "a handler type in a plain service": (
        """
        service S {
          rpc A(M) returns (M) { option (dev.restate.sdk.go.handler_type) = SHARED; }
        }
        """,
        ['2:26: A of service shop.v1.S says "handler_type = SHARED", but all handlers of a plain'],
    ),
    "no run handler": (
        """
        service W {
          option (dev.restate.sdk.go.service_type) = WORKFLOW;
          rpc A(M) returns (M);
        }
        """,
        [
            "1:1: workflow shop.v1.W has no run handler; name one method `Run`, or write"
            " `option (dev.restate.sdk.go.handler_type) = WORKFLOW_RUN;` in it"
        ],
    ),
    "run in an object, exclusive in a workflow": (
        """
        service O {
          option (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT;
          rpc A(M) returns (M) { option (dev.restate.sdk.go.handler_type) = WORKFLOW_RUN; }
        }
        service W {
          option (dev.restate.sdk.go.service_type) = WORKFLOW;
          rpc Run(M) returns (M);
          rpc A(M) returns (M) { option (dev.restate.sdk.go.handler_type) = EXCLUSIVE; }
        }
        """,
        [
            '3:26: A of object shop.v1.O says "handler_type = WORKFLOW_RUN", but only a workflow',
            '8:26: A of workflow shop.v1.W says "handler_type = EXCLUSIVE", but a workflow only has a'
            " run handler and shared ones; remove it",
        ],
    ),
    "beside ours with another kind": (
        """
        service S {
          option (restatepb.v1.object) = {};
          option (dev.restate.sdk.go.service_type) = WORKFLOW;
          rpc Run(M) returns (M);
        }
        """,
        [
            "3:3: shop.v1.S has option (restatepb.v1.object), but Go's says WORKFLOW; write option"
            " (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT"
        ],
    ),
    "beside ours with other names": (
        """
        service S {
          option (restatepb.v1.service) = { name: "Other" };
          option (dev.restate.sdk.go.service_type) = SERVICE;
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { name: "b" }; }
        }
        """,
        [
            '2:3: service shop.v1.S is named "Other", and the clients that Go generates for its'
            " option (dev.restate.sdk.go.service_type) call shop.v1.S; remove the name, or Go's",
            '4:3: A of service shop.v1.S is named "b", and the clients that Go generates for its'
            " option (dev.restate.sdk.go.service_type) call A; remove the name, or Go's option",
        ],
    ),
    "beside ours with other handlers": (
        """
        service S {
          option (restatepb.v1.object) = {};
          option (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT;
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { shared: true }; }
        }
        service T {
          option (restatepb.v1.workflow) = {};
          option (dev.restate.sdk.go.service_type) = WORKFLOW;
          rpc Start(M) returns (M) {
            option (restatepb.v1.handler) = { run: true };
            option (dev.restate.sdk.go.handler_type) = SHARED;
          }
        }
        """,
        [
            "4:3: A of object shop.v1.S is SHARED, and Go's generator takes it for EXCLUSIVE;"
            " write option (dev.restate.sdk.go.handler_type) = SHARED",
            "11:5: Start of workflow shop.v1.T is WORKFLOW_RUN, and Go's generator takes it for"
            " SHARED; write option (dev.restate.sdk.go.handler_type) = WORKFLOW_RUN",
        ],
    ),
    "mixed on service and handlers": (
        """
        service S {
          option (restatepb.v1.object) = {};
          rpc A(M) returns (M) { option (dev.restate.sdk.go.handler_type) = SHARED; }
        }
        service T {
          option (dev.restate.sdk.go.service_type) = VIRTUAL_OBJECT;
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { shared: true }; }
        }
        """,
        [
            "3:26: A has option (dev.restate.sdk.go.handler_type) and its service has"
            " (restatepb.v1.object), which do not go together; write option"
            " (restatepb.v1.handler)",
            "7:26: A has option (restatepb.v1.handler) and its service has"
            " (dev.restate.sdk.go.service_type), which do not go together; write option"
            " (dev.restate.sdk.go.handler_type)",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_go_options_have_the_same_rules(case: str, answer: Answer) -> None:
    body, expected = CASES[case]
    text = HEAD + 'import "dev/restate/sdk/go.proto";\n' + dedent(body).lstrip("\n")
    files = {"shop/v1/x.proto": text, "dev/restate/sdk/go.proto": GO}
    found = answer(files, only="shop/v1/x.proto").error.split("\n")
    assert len(found) == len(expected), found
    for line, want in zip(found, expected, strict=True):
        number, _, rest = want.partition(":")
        assert line.startswith(f"shop/v1/x.proto:{int(number) + FIRST}:{rest}")
