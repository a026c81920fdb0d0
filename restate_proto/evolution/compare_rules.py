"""Compare the `buf.validate` rules that requests have to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from restate_proto.codec.json_rules import must_be_there
from restate_proto.rules import field_rules, message_rules, oneof_is_required, rule_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.descriptor import Descriptor

    from restate_proto.contract.descriptors import AnyDescriptor
    from restate_proto.contract.schema import HandlerModel
    from restate_proto.evolution.findings import Finding, Reporter
    from restate_proto.evolution.version import ContractVersion
    from restate_proto.rules import Rules, RuleValue

__all__ = ["rule_findings"]

_LEAST = {"gt", "gte", "min_len", "min_bytes", "min_items", "min_pairs"}
_MOST = {"lt", "lte", "within", "max_len", "max_bytes", "max_items", "max_pairs"}
_FEW = 3


class _Change(NamedTuple):
    """A new reason to refuse a message.

    Args:
        text: the reason.
        before: the thing in the old contract.
        now: the thing in the new contract.
    """

    text: str
    before: AnyDescriptor
    now: AnyDescriptor


def rule_findings(
    report: Reporter,
    pairs: Sequence[tuple[HandlerModel, HandlerModel]],
    old: ContractVersion,
    new: ContractVersion,
) -> Iterator[Finding]:
    """Find the rules that refuse, or may refuse, requests that were accepted before.

    Rules of responses and of stored values do not count, because these are not validated.

    Args:
        report: makes the findings.
        pairs: the handlers of a service that are in both contracts.
        old: the contract that is running.
        new: the contract that will replace it.
    """
    found: dict[_Change, list[str]] = {}
    for before, after in pairs:
        one, other = old.message(before.request.full_name), new.message(after.request.full_name)
        for change in _changes(one, other):
            found.setdefault(change, []).append(before.name)
    for change, handlers in found.items():
        more = len(handlers) - _FEW
        yield report.finding(
            "RULES_TIGHTENED",
            change.text,
            before=old.location(change.before),
            place=new.location(change.now),
            handler=handlers[0] if len(handlers) == 1 else None,
            uses=", ".join(handlers[:_FEW]) + (f" and {more} more" if more > 0 else ""),
        )


def _changes(before: Descriptor, after: Descriptor) -> Iterator[_Change]:
    waiting, seen = [(before, after)], {(before.full_name, after.full_name)}
    while waiting:
        one, other = waiting.pop()
        yield from _changes_without_nested(one, other)
        for field in one.fields:
            now = other.fields_by_number.get(field.number)
            if now is not None and field.message_type is not None and now.message_type is not None:
                names = (field.message_type.full_name, now.message_type.full_name)
                if names not in seen:
                    seen.add(names)
                    waiting.append((field.message_type, now.message_type))


def _changes_without_nested(before: Descriptor, after: Descriptor) -> Iterator[_Change]:
    """Yield the changes of two messages, without those of nested messages."""
    for text in _tightened(message_rules(before), message_rules(after)):
        yield _Change(f"{after.full_name}: {text}", before, after)
    for field in after.fields:
        was = before.fields_by_number.get(field.number)
        title = f'field {field.number} "{field.name}" of {after.full_name}'
        rules = field_rules(field)
        if was is not None:
            for text in _tightened(field_rules(was), rules):
                yield _Change(f"{title}: {text}", was, field)
        elif must_be_there(field, rules):
            words = ", ".join(rule_words(rules))
            yield _Change(f"{title} is new, and has to be there ({words})", before, field)
    for oneof in after.oneofs:
        was_required = oneof.name in before.oneofs_by_name and oneof_is_required(
            before.oneofs_by_name[oneof.name]
        )
        if oneof_is_required(oneof) and not was_required:
            text = f'oneof "{oneof.name}" of {after.full_name} is required now'
            yield _Change(text, before, oneof)


def _tightened(before: Rules, after: Rules) -> Iterator[str]:
    """Yield what the new rules refuse, or may refuse, that the old ones accepted."""
    if "ignore" in before and "ignore" not in after and after:
        yield "it is validated even if it is empty"
    for key, value in after.items():
        if key == "ignore" or key.endswith(".example"):
            continue
        (words,) = rule_words({key: value})
        was = before.get(key)
        if was is None:
            yield f"has the rule {words} now"
        elif was != value and _may_refuse_more(key, was, value):
            (old_words,) = rule_words({key: was})
            yield f"had the rule {old_words} and has {words}"


def _may_refuse_more(key: str, was: RuleValue, now: RuleValue) -> bool:
    name = key.rpartition(".")[2]
    one: Any = was
    other: Any = now
    if isinstance(was, int | float) and isinstance(now, int | float):
        if name in _LEAST:
            return other > one
        if name in _MOST:
            return other < one
    if name == "in":
        return not set(one) <= set(other)
    if name == "not_in":
        return not set(other) <= set(one)
    return True  # patterns and expressions cannot be compared
