"""Which field of a request holds the key: two clients that differ address different objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.contract.problems import Location
    from restate_proto.contract.schema import HandlerModel, MessageType
    from restate_proto.evolution.findings import Finding
    from restate_proto.evolution.reporter import Reporter
    from restate_proto.evolution.version import ContractVersion

__all__ = ["key_findings"]

_MESSAGE_FIELD = 2  # a field number of DescriptorProto, for source paths

_MOVED = (
    "Clients of the two contracts send the same request to different keys, each with state of its "
    "own. Redeployed in place, begun invocations that have made such a call fail with a journal "
    "mismatch (570)."
)
_UNMARKED = (
    "Clients that take the key from the request cannot be made any more; code that does so fails "
    "as soon as it is generated again."
)
_MARKED = (
    "A client that is made with a key refuses a request whose marked field says something else "
    "(ValueError), and a handler that makes such a call is retried."
)


def key_findings(
    report: Reporter,
    handlers: Sequence[tuple[HandlerModel, HandlerModel]],
    old: ContractVersion,
    new: ContractVersion,
) -> Iterator[Finding]:
    """Finds the requests of a service whose key is elsewhere.

    Args:
        report: makes the findings.
        handlers: the handlers in both contracts.
        old: the contract that runs.
        new: the one that is to run.
    """
    users: dict[tuple[str, str], list[tuple[HandlerModel, HandlerModel]]] = {}
    for before, after in handlers:
        requests = (before.request.full_name, after.request.full_name)
        users.setdefault(requests, []).append((before, after))
    for pairs in users.values():
        before, after = pairs[0]
        change = _change(before, after, old, new)
        if change is not None:
            text, why = change
            yield report.finding(
                "KEY_FIELD_CHANGED",
                f"the key of {before.request.full_name} {text}",
                before=_place(old, before),
                place=_place(new, after),
                handler=before.name if len(pairs) == 1 else None,
                why=why,
            )


def _change(
    before: HandlerModel, after: HandlerModel, old: ContractVersion, new: ContractVersion
) -> tuple[str, str] | None:
    was, now = before.key_field, after.key_field
    if was is None and now is None:
        return None
    if was is None:
        # A field that was not there yet is empty in what is sent: the client's key counts.
        is_new = _number(new, after.request, now) not in _numbers(old, before.request)
        return None if is_new else (f'is marked now: "{now}"', _MARKED)
    if now is None:
        return f'was "{was}" and is not marked any more', _UNMARKED
    if was == now or _number(old, before.request, was) == _number(new, after.request, now):
        return None
    return f'was "{was}" and is "{now}"', _MOVED


def _numbers(version: ContractVersion, message: MessageType) -> set[int]:
    return {field.number for field in version.message(message.full_name).proto.field}


def _number(version: ContractVersion, message: MessageType, name: str | None) -> int:
    fields = version.message(message.full_name).proto.field
    return next(field.number for field in fields if field.name == name)


def _place(version: ContractVersion, handler: HandlerModel) -> Location:
    """Returns where the marked field is, or the handler where there is none."""
    found = version.message(handler.request.full_name)
    for number, field in enumerate(found.proto.field):
        if field.name == handler.key_field:
            return version.location(found.type.file, (*found.path, _MESSAGE_FIELD, number))
    return handler.location
