"""Requests that keep or break the rules of contracts, and what handlers in Python make of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from google.protobuf import json_format, message_factory
from google.protobuf.descriptor_pool import DescriptorPool

from restate_proto.codec.google import GoogleCodec
from restate_proto.codec.validation import Validator, validator_for
from restate_proto.rules import rules_message
from tests.protoc import compile_files
from tests.validation.generated import account, codec_of

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["RULES", "Verdict", "of_accounts", "of_paths"]

RULES = Path(__file__).parent / "rules"
"""A contract for these tests, beside that of tests/validation."""

_ACCOUNTS: tuple[dict[str, Any], ...] = (
    {},
    {"name": "a", "age": 0},
    {"tags": ["a", ""]},
    {"limits": {"ab": 0}},
    {"limits": {"a": 1}},
    {"limits": {'"\\': 0}},
    {"address": None},
    {"plan": 0, "agreed": False, "phone": ""},
    {"tags": [""] * 30},
    {"tags": [""] * 120},
)
_LEAF = {"name": "x"}
_PATHS: tuple[dict[str, Any], ...] = (
    {"right": ""},
    {},
    {"left": {}},
    {"left": {**_LEAF, "text": "bad"}},
    {"right": "", "flags": {"false": {}}},
    {"right": "", "numbers": {"-9223372036854775808": {}}},
    {"right": "", "sizes": {"18446744073709551615": {}}},
    {"right": "", "names": {'a"\\\n\u00e9': {}}},
    {"right": "", "leaves": [_LEAF, {}]},
    {"right": "", "keys": {"-1": True}},
)


class Verdict(NamedTuple):
    """What becomes of a request.

    Attributes:
        message: the full name of its message.
        request: its bytes in hexadecimal.
        answer: the code and the text that its handler fails with; or that it is valid.
        rules: the ids of the broken rules in the detail of that failure.
    """

    message: str
    request: str
    answer: str
    rules: list[str]


def of_accounts() -> list[Verdict]:
    """Return accounts in `validated.v1` with what becomes of them."""
    made: list[Message] = [account("protobuf", **changes) for changes in _ACCOUNTS]
    validator = validator_for(codec_of(made[0]))
    assert validator is not None
    return [_verdict(validator, "validated.v1.Signup/Register", each) for each in made]


def of_paths(folder: Path) -> list[Verdict]:
    """Return requests of the contract in `RULES` with what becomes of them.

    Args:
        folder: for the compiler.
    """
    path = "rules/v1/rules.proto"
    pool = DescriptorPool()
    for file in compile_files(folder, {path: (RULES / path).read_text()}, "", None).proto_file:
        pool.AddSerializedFile(file.SerializeToString())
    type_ = message_factory.GetMessageClass(pool.FindMessageTypeByName("rules.v1.Paths"))
    validator = Validator(GoogleCodec(type_))
    made = [json_format.ParseDict(each, type_()) for each in _PATHS]
    return [_verdict(validator, "rules.v1.Rules/Take", each) for each in made]


def _verdict(validator: Validator, handler: str, message: Message) -> Verdict:
    name, data = message.DESCRIPTOR.full_name, message.SerializeToString().hex()
    invalid = validator.check(message)
    if invalid is None:
        return Verdict(name, data, "valid", [])
    class_ = rules_message("Violations")
    assert class_ is not None
    detail: Any = class_.FromString(invalid.violations)
    rules = [each.rule_id for each in detail.violations]
    return Verdict(name, data, f"400 {handler}: invalid request: {invalid.text}", rules)
