"""Rules about state, promises and signals: their names, and the types that they can refer to."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.rules import FIRST, assert_reported, contract, problems

if TYPE_CHECKING:
    from tests.protoc import Answer

CASES: dict[str, tuple[str, list[str]]] = {
    "unknown state type": (
        """
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: "shop.v1.Nope" } };
          rpc A(M) returns (M);
        }
        """,
        [
            '2:3: object shop.v1.O: state "a" has the unknown type "shop.v1.Nope"; write the full'
            " name of a message in this file or in one that it imports"
        ],
    ),
    "relative type name": (
        """
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: "M" } };
          rpc A(M) returns (M);
        }
        """,
        ['state "a" has the unknown type "M"; write its full name, "shop.v1.M"'],
    ),
    "enum as a type": (
        """
        service O {
          option (restatepb.v1.object) = { signal: { name: "a" type: "shop.v1.Color" } };
          rpc A(M) returns (M);
        }
        """,
        ['signal "a" has the enum "shop.v1.Color" as its type; write a message with a field of it'],
    ),
    "map entry as a type": (
        """
        message WithMap { map<string, string> m = 1; }
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: "shop.v1.WithMap.MEntry" } };
          rpc A(M) returns (M);
        }
        """,
        ['state "a" has the unknown type "shop.v1.WithMap.MEntry"'],
    ),
    "unknown promise and signal types": (
        """
        service W {
          option (restatepb.v1.workflow) = {
            promise: { name: "p" type: "x.P" }
            signal: { name: "s" type: ".x.S" }
          };
          rpc Run(M) returns (M);
        }
        """,
        ['promise "p" has the unknown type "x.P"', 'signal "s" has the unknown type ".x.S"'],
    ),
    "declarations without a name or type": (
        """
        service O {
          option (restatepb.v1.object) = { state: { type: "shop.v1.M" } signal: { name: "s" } };
          rpc A(M) returns (M);
        }
        """,
        [
            'a state has no name; write state: { name: "..." type: "..." }',
            'signal "s" has no type; write type: "package.Message"',
        ],
    ),
    "declared twice": (
        """
        service O {
          option (restatepb.v1.object) = {
            state: { name: "a" type: "shop.v1.M" }
            state: { name: "a" type: "shop.v1.M" }
          };
          rpc A(M) returns (M);
        }
        """,
        ['state "a" is declared twice; keep one'],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])


def test_a_type_must_be_visible_from_the_file(answer: Answer) -> None:
    body = """
        import "other.proto";
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: "hidden.Hidden" } };
          rpc A(other.Other) returns (M);
        }
        """
    others = {
        "other.proto": """
            syntax = "proto3";
            package other;
            import "hidden.proto";
            message Other { hidden.Hidden hidden = 1; }
            """,
        "hidden.proto": 'syntax = "proto3"; package hidden; message Hidden {}',
    }
    assert problems(answer, body, **others) == [
        f'shop/v1/x.proto:{FIRST + 2}:3: object shop.v1.O: state "a" has the type "hidden.Hidden"'
        ', whose file this one does not import; write import "hidden.proto";'
    ]


def test_a_publicly_imported_type_is_visible(answer: Answer) -> None:
    others = {
        "other.proto": 'syntax = "proto3"; package other; import public "hidden.proto";',
        "hidden.proto": 'syntax = "proto3"; package hidden; message Hidden {}',
    }
    body = """
        import "other.proto";
        service O {
          option (restatepb.v1.object) = { state: { name: "a" type: ".hidden.Hidden" } };
          rpc A(hidden.Hidden) returns (M);
        }
        """
    response = answer({"shop/v1/x.proto": contract(body), **others})
    assert not response.error
    assert '_rt.StateKey("a", _hidden_pb2.Hidden)' in response.file[0].content
