"""Compare the formats of typed keys: state under a key of the old format could not be found."""

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
    "State, promises and invocations stay under the old keys: under the new ones everything starts "
    "empty. Requests that are still sent to an old key, by clients of the old contract or with a "
    "delay, end with a terminal error (400) if it does not parse, and else reach another's state."
)
_HELD_NO_LONGER = (
    "State stays under its keys, but callers are not bound to the format any more: newly generated "
    "code accepts any string, and handlers do not get the fields of the old message."
)


def key_format_findings(
    report: Reporter, before: ServiceModel, after: ServiceModel
) -> Iterator[Finding]:
    """Find a change in how the keys of a service are written.

    Args:
        report: makes the findings.
        before: the service in the old contract.
        after: the service in the new one.
    """
    old, new = before.key, after.key
    if not _is_same(old, new):
        yield report.finding(
            "KEY_FORMAT_CHANGED",
            f"its key was {_layout_words(old)} and is {_layout_words(new)}",
            before=before.location if old is None else old.location,
            place=after.location if new is None else new.location,
            why=_HELD_NO_LONGER if new is None else _OTHER_KEYS,
        )


def _is_same(old: _Key, new: _Key) -> bool:
    if isinstance(old, TypedKey) and isinstance(new, TypedKey):
        return _layout(old) == _layout(new) and all(
            # A field may be renamed or renumbered, because its name and number are not in the key.
            one.name == other.name or number == other_number
            for one, other, number, other_number in zip(
                old.text.fields, new.text.fields, old.numbers, new.numbers, strict=True
            )
        )
    if isinstance(old, FixedKey) and isinstance(new, FixedKey):
        return old.value == new.value
    return old is new


def _layout(key: TypedKey) -> tuple[object, ...]:
    """Return the layout of a key, without the names of its fields."""
    return key.text.prefix, tuple((field.type, field.after) for field in key.text.fields)


def _layout_words(key: _Key) -> str:
    if isinstance(key, FixedKey):
        return f'the fixed "{key.value}"'
    if key is None:
        return "any string"
    types = ", ".join(f"{field.name} {field.type.value}" for field in key.text.fields)
    return f'"{key.text}" ({types})'
