"""Valid contracts that Python cannot express."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.rules import assert_reported

if TYPE_CHECKING:
    from tests.protoc import Answer

CASES: dict[str, tuple[str, list[str]]] = {
    "constants collide": (
        """
        service W {
          option (restatepb.v1.workflow) = {
            state: { name: "email-confirmed" type: "shop.v1.M" }
            promise: { name: "emailConfirmed" type: "shop.v1.M" }
            signal: { name: "email confirmed" type: "shop.v1.M" }
          };
          rpc Run(M) returns (M);
        }
        """,
        [
            'state "email-confirmed" and promise "emailConfirmed" both become the Python name'
            ' "EMAIL_CONFIRMED"; rename one of them',
            'state "email-confirmed" and signal "email confirmed" both become',
        ],
    ),
    "constant without a letter": (
        """
        service O {
          option (restatepb.v1.object) = { state: { name: "--" type: "shop.v1.M" } };
          rpc A(M) returns (M);
        }
        """,
        ['state "--" has no letter or digit to make a Python name of; write a name with one'],
    ),
    "methods collide": (
        """
        service S {
          option (restatepb.v1.service) = {};
          rpc GetURL(M) returns (M);
          rpc GetUrl(M) returns (M);
        }
        """,
        [
            "4:3: GetURL and GetUrl of service shop.v1.S both become the Python method"
            ' "get_url"; rename one, and keep its Restate name with option'
            " (restatepb.v1.handler).name"
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])
