"""What the keys of an object or the ids of a workflow are: another format finds other state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import ServiceModel
    from restate_proto.evolution.findings import Finding, Reporter

__all__ = ["key_format_findings"]

_Key = FixedKey | TypedKey | None

_OTHER_KEYS = (
    "State, promises and invocations are there under the old keys: under the new ones everything "
    "starts empty. What is still sent to an old key, by clients of the old contract or with a delay, "
    "ends with a terminal error (400) where it is no key any more, and else reads another's state."
)
_HELD_NO_LONGER = (
    "What is at rest stays where it is, and nothing holds callers to its keys any more: code that is "
    "generated again takes any string, and the fields of the old message are not among what handlers "
    "get."
)


def key_format_findings(
    report: Reporter, before: ServiceModel, after: ServiceModel
) -> Iterator[Finding]:
    """Finds that the keys of a service are written in another way.

    Args:
        report: makes the findings.
        before: the service in the old contract.
        after: the same in the new one.
    """
    old, new = before.key, after.key
    if not _is_same(old, new):
        yield report.finding(
            "KEY_FORMAT_CHANGED",
            f"its key was {_described(old)} and is {_described(new)}",
            before=before.location if old is None else old.location,
            place=after.location if new is None else new.location,
            why=_HELD_NO_LONGER if new is None else _OTHER_KEYS,
        )


def _is_same(old: _Key, new: _Key) -> bool:
    if isinstance(old, TypedKey) and isinstance(new, TypedKey):
        return _layout(old) == _layout(new) and all(
            # A field may have another name, or another number: what it is called is in no key.
            one.name == other.name or number == other_number
            for one, other, number, other_number in zip(
                old.text.fields, new.text.fields, old.numbers, new.numbers, strict=True
            )
        )
    if isinstance(old, FixedKey) and isinstance(new, FixedKey):
        return old.value == new.value
    return old is new


def _layout(key: TypedKey) -> tuple[object, ...]:
    """What a key looks like: all but the names in it."""
    return key.text.prefix, tuple((field.type, field.after) for field in key.text.fields)


def _described(key: _Key) -> str:
    if isinstance(key, FixedKey):
        return f'the fixed "{key.value}"'
    if key is None:
        return "any string"
    types = ", ".join(f"{field.name} {field.type.value}" for field in key.text.fields)
    return f'"{key.text}" ({types})'
