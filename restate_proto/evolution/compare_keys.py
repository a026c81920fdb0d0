"""Compare which request field holds the key: otherwise clients would address different objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.contract.problems import Location
    from restate_proto.contract.schema import HandlerModel
    from restate_proto.evolution.findings import Finding, Reporter
    from restate_proto.evolution.version import ContractVersion

__all__ = ["key_findings"]

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
    """Find the requests of a service whose key is in another field.

    Args:
        report: makes the findings.
        handlers: the handlers in both contracts.
        old: the contract that is running.
        new: the contract that will replace it.
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
    if was == now:
        return None
    if now is None:
        return f'was "{was}" and is not marked any more', _UNMARKED
    one, other = old.message(before.request.full_name), new.message(after.request.full_name)
    if was is None:
        # A field that is new is empty in old requests: then the client's key counts.
        is_new = other.fields_by_name[now].number not in one.fields_by_number
        return None if is_new else (f'is marked now: "{now}"', _MARKED)
    if one.fields_by_name[was].number == other.fields_by_name[now].number:
        return None
    return f'was "{was}" and is "{now}"', _MOVED


def _place(version: ContractVersion, handler: HandlerModel) -> Location:
    """Return the place of the marked field, or of the handler if no field is marked."""
    if handler.key_field is None:
        return handler.location
    request = version.message(handler.request.full_name)
    return version.location(request.fields_by_name[handler.key_field])
