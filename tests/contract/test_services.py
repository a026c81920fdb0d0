"""Rules about services: their kinds, names and encoding; where they are reported, and with which words."""

# ruff: noqa: ISC004 - the texts are lists of messages, each too long for one line
from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.rules import FIRST, HEAD, assert_reported

if TYPE_CHECKING:
    from tests.protoc import Answer

CASES: dict[str, tuple[str, list[str]]] = {
    "two kinds": (
        """
        service S {
          option (restatepb.v1.service) = {};
          option (restatepb.v1.object) = {};
          rpc A(M) returns (M);
        }
        """,
        [
            "3:3: shop.v1.S has the options (restatepb.v1.service) and (restatepb.v1.object);"
            " keep one of them"
        ],
    ),
    "handler option without a kind": (
        """
        service S {
          rpc A(M) returns (M) { option (restatepb.v1.handler) = { shared: true }; }
        }
        """,
        [
            "2:26: A has option (restatepb.v1.handler) in a service that is not Restate's; add"
            " `option (restatepb.v1.service) = {};` (or object, or workflow) to shop.v1.S, or"
            " remove it"
        ],
    ),
    "services with one Restate name": (
        """
        service A { option (restatepb.v1.service) = {}; rpc R(M) returns (M); }
        service B { option (restatepb.v1.object) = { name: "shop.v1.A" }; rpc R(M) returns (M); }
        """,
        [
            '2:13: services shop.v1.A and shop.v1.B are both named "shop.v1.A"; write another'
            " `name` in option (restatepb.v1.object)"
        ],
    ),
    "service names that Restate refuses": (
        """
        service A { option (restatepb.v1.service).name = "a/b"; rpc R(M) returns (M); }
        service B { option (restatepb.v1.service).name = "RestateShop"; rpc R(M) returns (M); }
        service C { option (restatepb.v1.service).name = "openAPI"; rpc R(M) returns (M); }
        service D { option (restatepb.v1.service).name = ""; rpc R(M) returns (M); }
        service E { option (restatepb.v1.service).name = "_.x"; rpc R(M) returns (M); }
        """,
        [
            '1:13: Restate refuses the service name "a/b": it begins with a letter and has only'
            ' letters, digits, ".", "_" and "-"; write another `name` in option'
            " (restatepb.v1.service)",
            '2:13: Restate refuses the service name "RestateShop": names that begin with "restate",'
            ' and "openapi", are Restate\'s own;',
            '3:13: Restate refuses the service name "openAPI":',
            '4:13: Restate refuses the service name "": a service needs a name;',
            '5:13: Restate refuses the service name "_.x":',
        ],
    ),
    "unknown encoding": (
        """
        service S {
          option (restatepb.v1.service) = { encoding: 7 };
          rpc A(M) returns (M);
        }
        """,
        ["2:3: encoding has the unknown value 7; write ENCODING_PROTOBUF or ENCODING_JSON"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_broken_rule_is_reported_with_its_place(case: str, answer: Answer) -> None:
    assert_reported(answer, *CASES[case])


def test_all_problems_of_all_files_are_reported_at_once(answer: Answer) -> None:
    body = "service S { option (restatepb.v1.service) = {}; rpc A(stream M) returns (M); }\n"
    response = answer({name: HEAD.replace("shop.v1", name[0]) + body for name in ("b.p", "a.p")})
    assert [line.partition(":")[0] for line in response.error.split("\n")] == ["a.p", "b.p"]


def test_services_of_two_files_share_no_name(answer: Answer) -> None:
    body = "service {} {{ option (restatepb.v1.service).name = 'Same'; rpc A(M) returns (M); }}\n"
    files = {
        f"{name}.proto": HEAD.replace("shop.v1", name) + body.format(name.upper())
        for name in ("a", "b")
    }
    assert answer(files).error == (
        f'b.proto:{FIRST}:13: services a.A and b.B are both named "Same"; write another `name` in'
        " option (restatepb.v1.service)"
    )


def test_a_package_that_begins_with_restate_is_refused_with_the_way_out(answer: Answer) -> None:
    text = """
        syntax = "proto3";
        package restate.shop;
        import "restatepb/v1/options.proto";
        service S { option (restatepb.v1.service) = {}; rpc A(M) returns (M); }
        message M {}
        """
    assert answer({"a.proto": text}).error == (
        'a.proto:4:1: Restate refuses the service name "restate.shop.S": names that begin with'
        ' "restate", and "openapi", are Restate\'s own; write another `name` in option'
        " (restatepb.v1.service)"
    )
