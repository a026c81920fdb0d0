"""Rules about handlers: their kinds, names and keys."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.rules import assert_reported

if TYPE_CHECKING:
    from tests.protoc import Answer

CASES: dict[str, tuple[str, list[str]]] = {
    "streaming": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc Up(stream M) returns (M);
          rpc Down(M) returns (stream M);
        }
        """,
        [
            "3:3: Up of service shop.v1.S streams, but a handler takes one message and returns one;"
            " remove `stream`, or move the method to a service that is not Restate's",
            "4:3: Down of service shop.v1.S streams,",
        ],
    ),
    "no run handler": (
        """
        service W {
          option (restatepb.v1.workflow) = {};
          rpc Start(M) returns (M);
        }
        """,
        [
            "1:1: workflow shop.v1.W has no run handler; name one method `Run`, or write"
            " `option (restatepb.v1.handler) = { run: true };` in it"
        ],
    ),
    "two run handlers": (
        """
        service W {
          option (restatepb.v1.workflow) = {};
          rpc Run(M) returns (M);
          rpc Start(M) returns (M) { option (restatepb.v1.handler) = { run: true }; }
        }
        """,
        [
            "4:3: workflow shop.v1.W has two run handlers, Run and Start; keep one, and write"
            " `option (restatepb.v1.handler) = { shared: true };` in the other"
        ],
    ),
    "shared on a service": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { shared: true }; }
          rpc B(M) returns (M) {
            option (restatepb.v1.handler) = { run: true };
          }
        }
        """,
        [
            '3:26: A of service shop.v1.S says "shared: true", but all handlers of a plain service'
            " are alike; remove it",
            '5:5: B of service shop.v1.S says "run: true", but all handlers of a plain service'
            " are alike; remove it",
        ],
    ),
    "run on an object": (
        """
        service O {
          option (restatepb.v1.object) = {};
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { run: true }; }
        }
        """,
        [
            '3:26: A of object shop.v1.O says "run: true", but only a workflow has a run handler;'
            " remove it"
        ],
    ),
    "shared and run": (
        """
        service W {
          option (restatepb.v1.workflow) = {};
          rpc Run(M) returns (M) { option (restatepb.v1.handler) = { shared: true run: true }; }
        }
        """,
        ['3:28: Run of workflow shop.v1.W says "shared: true" and "run: true"; keep one of them'],
    ),
    "handlers with one Restate name": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc A(M) returns (M);
          rpc B(M) returns (M) { option (restatepb.v1.handler).name = "A"; }
        }
        """,
        [
            '4:3: A and B of service shop.v1.S are both named "A"; write another `name` in option'
            " (restatepb.v1.handler) of one"
        ],
    ),
    "handler names that Restate refuses": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc A(M) returns (M) { option (restatepb.v1.handler).name = "a.b"; }
          rpc B(M) returns (M) { option (restatepb.v1.handler).name = ""; }
          rpc __C(M) returns (M);
        }
        """,
        [
            '3:26: Restate refuses the handler name "a.b": it begins with a letter and has only'
            ' letters, digits and "_"; write another `name` in option (restatepb.v1.handler)',
            '4:26: Restate refuses the handler name "": a handler needs a name;',
            '5:3: Restate refuses the handler name "__C":',
        ],
    ),
    "unknown cancellation": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { cancellation: 7 }; }
        }
        """,
        [
            "3:26: cancellation has the unknown value 7; write CANCELLATION_IMPLICIT or"
            " CANCELLATION_EXPLICIT"
        ],
    ),
    "key fields": (
        """
        message A { int64 id = 1 [(restatepb.v1.key) = true]; }
        message B {
          repeated string ids = 1 [(restatepb.v1.key) = true];
          message Inner { bytes raw = 1 [(restatepb.v1.key) = true]; }
        }
        message C {
          string a = 1 [(restatepb.v1.key) = true];
          string b = 2 [(restatepb.v1.key) = true];
          string c = 3 [(restatepb.v1.key) = false];
        }
        service O {
          option (restatepb.v1.object) = {};
          rpc R(A) returns (M);
        }
        """,
        [
            "1:27: shop.v1.A.id is marked (restatepb.v1.key), but it is not a singular string; write"
            " it as `string id = 1`, or mark a field that is one",
            "3:28: shop.v1.B.ids is marked (restatepb.v1.key), but it is not a singular string;",
            "4:34: shop.v1.B.Inner.raw is marked",
            '8:17: shop.v1.C.b is a second (restatepb.v1.key) beside "a"; keep the mark on one'
            " field",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])
