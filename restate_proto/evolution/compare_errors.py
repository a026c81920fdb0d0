"""Compare the errors that callers of the old contract rely on: their types and codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.evolution.compare_types import Use
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.contract.schema import ErrorModel, HandlerModel, ServiceModel
    from restate_proto.evolution.findings import Finding, Reporter

__all__ = ["error_findings", "error_uses"]


def error_findings(
    report: Reporter,
    before: ServiceModel,
    after: ServiceModel,
    handlers: Sequence[tuple[HandlerModel, HandlerModel]],
) -> Iterator[Finding]:
    """Find errors that handlers no longer declare, and errors whose code changed.

    Args:
        report: makes the findings.
        before: the service in the old contract.
        after: the service in the new one.
        handlers: its handlers in both.
    """
    removed: dict[str, list[HandlerModel]] = {}
    for was, now in handlers:
        kept = {error.type.full_name for error in after.errors_of(now)}
        for error in before.errors_of(was):
            if error.type.full_name not in kept:
                removed.setdefault(error.type.full_name, []).append(was)
    old = _errors(before, [was for was, _ in handlers])
    for full_name, losers in removed.items():
        of = "" if len(losers) == len(handlers) else f" of {', '.join(h.name for h in losers)}"
        yield report.finding(
            "ERROR_REMOVED",
            f"error {full_name}{of} is gone",
            before=old[full_name].location,
            handler=losers[0].name if len(losers) == 1 else None,
        )
    for error, other in _in_both(before, after, handlers):
        if error.code != other.code:
            yield report.finding(
                "ERROR_CODE_CHANGED",
                f"error {error.type.full_name} had the code {error.code} and has {other.code}",
                before=error.location,
                place=other.location,
            )


def error_uses(
    before: ServiceModel,
    after: ServiceModel,
    handlers: Sequence[tuple[HandlerModel, HandlerModel]],
) -> Iterator[Use]:
    """Yield the details of errors; they are always in binary, whatever the service's encoding."""
    for error, other in _in_both(before, after, handlers):
        yield Use(
            rule="MESSAGE_CHANGED",  # an error of another type counts as another error
            title=f"error {error.type.full_name}",
            old=error.type,
            new=other.type,
            before=error.location,
            place=other.location,
            encoding=Encoding.PROTOBUF,
        )


def _in_both(
    before: ServiceModel,
    after: ServiceModel,
    handlers: Sequence[tuple[HandlerModel, HandlerModel]],
) -> Iterator[tuple[ErrorModel, ErrorModel]]:
    old = _errors(before, [was for was, _ in handlers])
    new = _errors(after, [now for _, now in handlers])
    return ((error, new[name]) for name, error in old.items() if name in new)


def _errors(service: ServiceModel, handlers: Sequence[HandlerModel]) -> dict[str, ErrorModel]:
    """Return the errors of handlers by the full names of their types."""
    found: dict[str, ErrorModel] = {}
    for handler in handlers:
        for error in service.errors_of(handler):
            found.setdefault(error.type.full_name, error)
    return found
