"""Which changes of `buf.validate` rules refuse requests that were accepted before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.evolution.support import Changes, ids

if TYPE_CHECKING:
    from tests.protoc import Compile

CONTRACT = """\
syntax = "proto3";
package shop.v1;
import "buf/validate/validate.proto";
import "restatepb/v1/options.proto";
service Shop {
  option (restatepb.v1.service) = { signal: { name: "s" type: "shop.v1.Kept" } };
  rpc Buy(Order) returns (Receipt);
  rpc Sell(Order) returns (Receipt);
}
message Receipt { string id = 1 RECEIPT; }
message Kept { string id = 1 RECEIPT; }
message Order {
  // MESSAGE
  string name = 1 NAME;
  Item item = 2;
  oneof pay { ONEOF string card = 3; string cash = 4; }
  repeated string tags = 5 TAGS;
  // NEW
}
message Item { int32 count = 1 COUNT; Item inner = 2; }
"""
NAME, MESSAGE = "(buf.validate.field).string", "option (buf.validate.message)"


@pytest.fixture
def changes(compile_request: Compile) -> Changes:
    return Changes(compile_request)


def contract(**rules: str) -> str:
    text = CONTRACT
    for place in ("RECEIPT", "NAME", "TAGS", "COUNT"):
        rule = rules.get(place)
        text = text.replace(place, f"[{rule}]" if rule else "")
    text = text.replace("ONEOF", rules.get("ONEOF", ""))
    for place in ("MESSAGE", "NEW"):
        text = text.replace(f"// {place}", rules.get(place, ""))
    return text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (
            {},
            {"NAME": f"{NAME}.email = true"},
            'field 1 "name" of shop.v1.Order: has the rule string.email now',
        ),
        (
            {"NAME": f"{NAME}.min_len = 1"},
            {"NAME": f"{NAME}.min_len = 2"},
            "had the rule string.min_len = 1 and has string.min_len = 2",
        ),
        ({"NAME": f"{NAME}.max_len = 2"}, {"NAME": f"{NAME}.max_len = 1"}, "string.max_len = 1"),
        (
            {"NAME": f'{NAME}.pattern = "a"'},
            {"NAME": f'{NAME}.pattern = "b"'},
            'had the rule string.pattern = "a" and has string.pattern = "b"',
        ),
        (
            {"NAME": f'{NAME} = {{ in: ["a", "b"] }}'},
            {"NAME": f'{NAME} = {{ in: ["a", "c"] }}'},
            'string.in = ["a", "c"]',
        ),
        (
            {"NAME": f'{NAME} = {{ not_in: ["a"] }}'},
            {"NAME": f'{NAME} = {{ not_in: ["a", "c"] }}'},
            "string.not_in",
        ),
        (
            {"NAME": f"{NAME}.min_len = 1, (buf.validate.field).ignore = IGNORE_IF_ZERO_VALUE"},
            {"NAME": f"{NAME}.min_len = 1"},
            "it is validated even if it is empty",
        ),
        (
            {},
            {"COUNT": "(buf.validate.field).int32.gt = 0"},
            'field 1 "count" of shop.v1.Item: has the rule int32.gt = 0 now',
        ),
        (
            {},
            {"TAGS": "(buf.validate.field).repeated.items.string.uuid = true"},
            "repeated.items.string.uuid",
        ),
        (
            {},
            {"ONEOF": "option (buf.validate.oneof).required = true;"},
            'oneof "pay" of shop.v1.Order is required now',
        ),
        (
            {},
            {"MESSAGE": f'{MESSAGE}.cel = {{ id: "a" message: "b" expression: "true" }};'},
            "shop.v1.Order: has the rule b: true now",
        ),
        (
            {},
            {"NEW": "string more = 6 [(buf.validate.field).required = true];"},
            'field 6 "more" of shop.v1.Order is new, and has to be there (required)',
        ),
    ],
)
def test_what_may_refuse_more_is_reported_once(
    old: dict[str, str], new: dict[str, str], text: str, changes: Changes
) -> None:
    (finding,) = changes(contract(**old), contract(**new))
    assert finding.rule.id == "RULES_TIGHTENED"
    assert finding.message.endswith(text) or text in finding.message
    assert "invocations of Buy, Sell" in finding.why
    assert finding.handler is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"NAME": f"{NAME}.email = true"}, {}),
        ({"NAME": f"{NAME}.min_len = 2"}, {"NAME": f"{NAME}.min_len = 1"}),
        (
            {"COUNT": "(buf.validate.field).int32.lte = 2"},
            {"COUNT": "(buf.validate.field).int32.lte = 3"},
        ),
        ({"NAME": f'{NAME} = {{ in: ["a"] }}'}, {"NAME": f'{NAME} = {{ in: ["a", "b"] }}'}),
        (
            {"NAME": f"{NAME}.min_len = 1"},
            {"NAME": f"{NAME}.min_len = 1, (buf.validate.field).ignore = IGNORE_IF_ZERO_VALUE"},
        ),
        ({}, {"NAME": f"{NAME}.min_len = 1, (buf.validate.field).ignore = IGNORE_ALWAYS"}),
        ({}, {"NAME": f'{NAME}.example = "a"'}),
        ({}, {"NEW": "string more = 6 [(buf.validate.field).string.max_len = 3];"}),
        # Neither responses nor what Restate keeps are validated.
        ({}, {"RECEIPT": "(buf.validate.field).string.email = true"}),
    ],
)
def test_what_refuses_no_more_is_not_reported(
    old: dict[str, str], new: dict[str, str], changes: Changes
) -> None:
    assert ids(changes(contract(**old), contract(**new))) == []
