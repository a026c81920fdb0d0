"""Compare which requests and responses are raw bytes, and their content types."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.contract.schema import HandlerModel
    from restate_proto.evolution.findings import Finding, Reporter

__all__ = ["raw_findings"]

_OTHER_REQUESTS = (
    "Requests of the old form will still arrive: from delayed and queued invocations, which begin on "
    "the newest deployment, and from clients of the old contract. Read in the new form they mean "
    "something else, without an error, or are refused (400)."
)
_REFUSED = (
    "The ingress refuses the content type that clients of the old contract give their requests "
    "(400)."
)
_OTHER_RESPONSES = (
    "Clients of the old contract, handlers in flight among them, expect the old form. "
    "Clients of the new one get recorded responses of the old form: of a workflow, of an "
    "idempotency key, of an invocation that they attach to."
)


def raw_findings(
    report: Reporter, handlers: Sequence[tuple[HandlerModel, HandlerModel]]
) -> Iterator[Finding]:
    """Find the handlers of a service whose raw requests or responses changed.

    Args:
        report: makes the findings.
        handlers: the handlers in both contracts.
    """
    for before, after in handlers:
        for part, was, now, why in (
            ("request", before.raw_request, after.raw_request, _request_break),
            ("response", before.raw_response, after.raw_response, _response_break),
        ):
            reason = why(was, now)
            if reason is not None:
                yield report.finding(
                    "RAW_CHANGED",
                    f"the {part} of {before.name} was {_form_words(was)} and is {_form_words(now)}",
                    before=before.location,
                    place=after.location,
                    handler=before.name,
                    why=reason,
                )


def _request_break(was: str | None, now: str | None) -> str | None:
    if (was is None) is not (now is None):
        return _OTHER_REQUESTS
    return None if was is None or now is None or _accepts_all_of(now, was) else _REFUSED


def _response_break(was: str | None, now: str | None) -> str | None:
    return None if was == now else _OTHER_RESPONSES


def _accepts_all_of(content_type: str, other: str) -> bool:
    """Tell whether one input content type accepts everything that another one accepts."""
    if content_type in {other, "*/*"}:
        return True
    return content_type.endswith("/*") and other.startswith(content_type[:-1])


def _form_words(raw: str | None) -> str:
    return "a message" if raw is None else f"raw {raw}"
