"""Messages of every library are validated by their contract's rules."""

from __future__ import annotations

from typing import Any

import pytest

from restate_proto.codec.registry import codec_for
from restate_proto.codec.validation import Validator, validator_for
from restate_proto.rules import has_rules, rules_message
from tests.validation.generated import LIBRARIES, account, generated, page_codec

libraries = pytest.mark.parametrize("library", LIBRARIES)


def validator(library: str) -> Validator:
    found = validator_for(codec_for(generated(library)[1].Account))
    assert found is not None
    return found


@libraries
def test_a_message_that_keeps_the_rules_is_valid(library: str) -> None:
    assert validator(library).check(account(library)) is None


@libraries
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"name": "a"}, "name: must be at least 2 characters"),
        ({"name": "ADA"}, "name: does not match regex pattern `^[a-zé]+$`"),
        ({"tags": ["a", ""]}, "tags[1]: must be at least 1 characters"),
        ({"limits": {"ab": 0}}, 'limits["ab"]: must be greater than 0'),
        ({"limits": {"a": 1}}, 'the key limits["a"]: must be at least 2 characters'),
        ({"age": 7}, "a child has a guardian"),
        ({"address": None}, "address: value is required"),
    ],
)
def test_what_breaks_a_rule_is_said_with_its_path(
    library: str, changes: dict[str, Any], text: str
) -> None:
    invalid = validator(library).check(account(library, **changes))
    assert invalid is not None
    assert text in invalid.text.split("; ")


@libraries
def test_a_path_leads_into_messages(library: str) -> None:
    address = generated(library)[1].Address(id="1", site="https://example.com")
    invalid = validator(library).check(account(library, address=address))
    assert invalid is not None
    assert invalid.text == "address.id: must be a valid UUID"


@libraries
def test_the_detail_is_what_protovalidate_says(library: str) -> None:
    invalid = validator(library).check(account(library, name="a", age=0))
    assert invalid is not None
    class_: Any = rules_message("Violations")
    found = class_.FromString(invalid.violations)
    assert [each.rule_id for each in found.violations] == [
        "account.child",
        "string.min_len",
        "int32.gte_lt",
    ]
    assert [each.field_name for each in found.violations[1].field.elements] == ["name"]


def test_what_is_said_is_bounded() -> None:
    invalid = validator("protobuf").check(account("protobuf", tags=[""] * 500))
    assert invalid is not None
    class_: Any = rules_message("Violations")
    assert len(class_.FromString(invalid.violations).violations) == 100
    assert invalid.text.endswith("; and 482 more")
    assert len(invalid.text) < 2_000


@libraries
def test_a_contract_may_have_rules_of_its_own(library: str) -> None:
    codec = page_codec(library)
    validator = validator_for(codec)
    assert validator is not None
    assert validator.check(codec.type(title="a-b")) is None
    invalid = validator.check(codec.type(title="A b"))
    assert invalid is not None
    assert invalid.text == "title: must be a slug"
    title = codec.json_schema()["properties"]["title"]
    assert title["description"] == "Rules: string.(validated.v1.slug)."


@libraries
def test_a_type_without_rules_has_no_validator(library: str) -> None:
    assert validator_for(codec_for(generated(library)[1].Free)) is None
    assert validator_for(codec_for(str)) is None


def test_the_rules_of_a_message_inside_are_rules() -> None:
    messages = generated("protobuf")[1]
    assert has_rules(messages.Address.DESCRIPTOR)
    assert not has_rules(messages.Free.DESCRIPTOR)


def test_without_protovalidate_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    codec = codec_for(generated("protobuf")[1].Account)
    monkeypatch.setattr("restate_proto.codec.validation.has_protovalidate", lambda: False)
    with pytest.raises(ImportError, match=r"validated.v1.Account has rules .*restate-proto\[val"):
        validator_for(codec)
    assert validator_for(codec_for(generated("protobuf")[1].Free)) is None
