"""Validate messages by the rules of protovalidate (`buf.validate`) in their contract."""

from __future__ import annotations

import importlib
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from restate_proto.codec.google import GoogleCodec
from restate_proto.errors import RestateError, write_detail
from restate_proto.rules import has_protovalidate, has_rules, rules_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

    from restate_proto.model.codec import Codec

__all__ = [
    "VIOLATIONS",
    "Invalid",
    "InvalidMessageError",
    "RuleError",
    "Validator",
    "validate",
    "validator_for",
]

VIOLATIONS = "buf.validate.Violations"

# Failures go into the journal and the answer, so their size is bounded.
_MOST_VIOLATIONS = 100
_MOST_SHOWN = 20


class RuleError(RestateError):
    """A rule of the contract cannot be evaluated; the message names the type and says why."""


class InvalidMessageError(RestateError, ValueError):
    """A message that this program writes breaks the rules of `buf.validate` in its contract.

    Args:
        message: the place that writes it, and what is wrong.
        violations: the binary form of a `buf.validate.Violations`.

    Attributes:
        violations: as given.
    """

    def __init__(self, message: str, violations: bytes) -> None:
        super().__init__(message)
        self.violations = violations


class Invalid(NamedTuple):
    """The violations of a message.

    Args:
        text: the violations for people, each with the path of its field.
        violations: the first hundred of them, as the binary form of a `buf.validate.Violations`.
    """

    text: str
    violations: bytes

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata of a failure with the violations as its detail."""
        metadata: dict[str, str] = {}
        write_detail(metadata, VIOLATIONS, self.violations)
        return metadata


class MessageCodec(Protocol):
    """The parts of a codec that validation needs; all codecs of message classes have them."""

    @property
    def full_name(self) -> str:
        """The type's full proto name."""
        ...

    def new_google_message(self) -> Message:
        """Make an empty google.protobuf message."""
        ...

    def google_message(self, message: Any, /) -> Message:
        """Return a message as a google.protobuf message."""
        ...


class Validator:
    """Validates the messages of one type.

    Args:
        codec: the codec of the type.

    Raises:
        ValueError: a rule is invalid, such as a CEL expression that does not compile.
    """

    __slots__ = ("_collect", "_evaluation_error", "_full_name", "_google_message", "_violations")

    def __init__(self, codec: MessageCodec) -> None:
        # Imported here because it takes time and only contracts with rules need it.
        protovalidate: Any = importlib.import_module("protovalidate")
        self._collect: Callable[[Message], list[Any]] = protovalidate.collect_violations
        self._evaluation_error: type[Exception] = protovalidate.EvaluationError
        self._violations: Any = protovalidate.ViolationsPb
        # Messages of other libraries are validated as their twins.
        is_google = isinstance(codec, GoogleCodec)
        self._google_message = None if is_google else codec.google_message
        self._full_name = codec.full_name
        try:
            self._collect(codec.new_google_message())  # compiles the rules
        except self._evaluation_error:
            pass  # only for an empty message; others may be fine
        except protovalidate.CompilationError as error:
            raise ValueError(
                f"{codec.full_name}: a rule of buf.validate is wrong: {error}"
            ) from error

    def check(self, message: Any) -> Invalid | None:
        """Return the violations of a message, or None.

        Raises:
            RuleError: a rule cannot be evaluated for this message.
        """
        if self._google_message is not None:
            message = self._google_message(message)
        try:
            found = self._collect(message)
        except self._evaluation_error as error:
            raise RuleError(
                f"{self._full_name}: a rule of buf.validate cannot be evaluated; correct it in the "
                f"contract: {error}"
            ) from error
        if not found:
            return None
        protos = [violation.proto for violation in found[:_MOST_VIOLATIONS]]
        data: bytes = self._violations(violations=protos).to_binary()
        return Invalid(_describe(data, len(found)), data)


def validate(codec: Codec[Any], message: Any, where: str) -> None:
    """Refuse a message that breaks the rules of its contract; other types are not checked.

    Args:
        codec: the codec of the expected type.
        message: the message.
        where: the place that writes it, for the error text.

    Raises:
        InvalidMessageError: it breaks a rule.
        RuleError: a rule cannot be evaluated.
        ImportError: it has rules, and protovalidate is not installed.
    """
    if _descriptor_of(codec) is None:
        return  # not known yet: the contract may be imported later
    validator = _known_validator(codec)
    if validator is not None and isinstance(message, codec.type):
        invalid = validator.check(message)
        if invalid is not None:
            text = f"{where}: invalid {codec.full_name}: {invalid.text}"
            raise InvalidMessageError(text, invalid.violations)


@cache
def _known_validator(codec: Codec[Any]) -> Validator | None:
    return validator_for(codec)


def validator_for(codec: Codec[Any]) -> Validator | None:
    """Return the validator for the messages of a codec; None if they have no rules.

    Raises:
        ImportError: they have rules, and protovalidate is not installed.
        ValueError: a rule is invalid.
    """
    message_codec: Any = codec
    descriptor = _descriptor_of(codec)
    if descriptor is None or not has_rules(descriptor):
        return None
    if not has_protovalidate():
        raise ImportError(
            f"{codec.full_name} has rules of buf.validate, which need protovalidate: "
            "run `pip install 'restate-proto[validate]'`"
        )
    return Validator(message_codec)


def _descriptor_of(codec: Codec[Any]) -> Descriptor | None:
    return getattr(codec, "descriptor", None)  # plain values have none


def _describe(data: bytes, count: int) -> str:
    class_ = rules_message("Violations")
    assert class_ is not None, "protovalidate is installed"
    found: Any = class_.FromString(data)
    lines = [_line(each) for each in found.violations[:_MOST_SHOWN]]
    more = count - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def _line(violation: Any) -> str:
    path = _path(violation.field)
    if violation.for_key:
        path = f"the key {path}"
    text: str = violation.message or f"breaks the rule {violation.rule_id}"
    return f"{path}: {text}" if path else text


def _path(path: Any) -> str:
    """Write a path as protovalidate does: `items[2].labels["a"].name`."""
    text = ""
    for element in path.elements:
        name = element.field_name
        text += f".{name}" if text else name
        kind = element.WhichOneof("subscript")
        if kind is not None:
            value = getattr(element, kind)
            if kind == "bool_key":
                value = str(value).lower()
            elif kind == "string_key":
                escaped = value.replace("\\", "\\\\").replace('"', '\\"')
                value = f'"{escaped}"'
            text += f"[{value}]"
    return text
