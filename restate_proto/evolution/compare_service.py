"""Compare one service in two versions of a contract: its name, kind, handlers and declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import KIND_WORDS
from restate_proto.evolution.compare_awakeables import awakeable_uses
from restate_proto.evolution.compare_config import config_findings
from restate_proto.evolution.compare_errors import error_findings, error_uses
from restate_proto.evolution.compare_key_formats import key_format_findings
from restate_proto.evolution.compare_keys import key_findings
from restate_proto.evolution.compare_raw import raw_findings
from restate_proto.evolution.compare_rules import rule_findings
from restate_proto.evolution.compare_types import Use, type_findings
from restate_proto.evolution.findings import Reporter
from restate_proto.evolution.match import match
from restate_proto.model.kinds import Encoding, HandlerKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import Declaration, HandlerModel, ServiceModel
    from restate_proto.evolution.compare_messages import PayloadComparison
    from restate_proto.evolution.findings import Finding
    from restate_proto.evolution.match import Matches
    from restate_proto.evolution.version import ContractVersion

__all__ = ["compare_service", "signature"]


def signature(handler: HandlerModel) -> tuple[object, ...]:
    """Return what identifies a renamed handler: everything except its names."""
    return (handler.kind, handler.request.full_name, handler.response.full_name)


def compare_service(
    old: ContractVersion,
    new: ContractVersion,
    before: ServiceModel,
    after: ServiceModel,
    payloads: PayloadComparison,
) -> Iterator[Finding]:
    """Find what breaks in a service.

    Args:
        old: the contract that is running.
        new: the contract that will replace it.
        before: the service in the old contract.
        after: the service in the new one, perhaps with another name.
        payloads: compares the messages of the two contracts.
    """
    report = Reporter(before, after, after.location)
    if before.name != after.name:
        yield _renamed_service(report, before, after, is_go=new.is_go(after))
    if before.kind is not after.kind:
        # Nothing else is compared, because state, keys and handler kinds now mean something else. If
        # the name changed, too, it is a different service to Restate, which may have any kind.
        if before.name != after.name:
            return
        was, is_ = (_with_article(KIND_WORDS[service.kind]) for service in (before, after))
        text = f"it was {was} and is {is_}"
        yield report.finding("SERVICE_KIND_CHANGED", text, before=before.location)
        return
    handlers = match(
        before.handlers, after.handlers, lambda h: h.name, (lambda h: h.rpc, signature)
    )
    yield from _handler_findings(report, handlers, is_go=new.is_go(after))
    pairs = (*handlers.same, *handlers.renamed)
    uses: list[Use] = []
    for what, ones, others in (
        ("state", before.state, after.state),
        ("promise", before.promises, after.promises),
        ("signal", before.signals, after.signals),
    ):
        declared = match(ones, others, lambda d: d.name, (lambda d: d.type.full_name,))
        yield from _declarations(report, what, declared)
        uses += (_declared_use(what, one, other) for one, other in declared.same)
    uses += (use for pair in pairs for use in _handler_uses(*pair))
    uses += error_uses(before, after, pairs)
    yield from error_findings(report, before, after, pairs)
    uses += awakeable_uses(old, new, before)
    if before.encoding is not after.encoding:
        yield _encoding_change(report, before, after)
    yield from type_findings(report, uses, {before.encoding, after.encoding}, payloads)
    yield from raw_findings(report, pairs)
    yield from key_format_findings(report, before, after)
    yield from rule_findings(report, pairs, old, new)
    yield from key_findings(report, pairs, old, new)
    yield from config_findings(report, before, after, pairs)


def _renamed_service(
    report: Reporter, before: ServiceModel, after: ServiceModel, *, is_go: bool
) -> Finding:
    text = f'its Restate name is "{after.name}" now'
    if before.full_name == after.full_name:
        is_default = before.name == before.full_name
        safe_way = "remove `name` from its option" if is_default and not is_go else ""
    else:
        text += f" ({after.full_name} looks like it)"
        safe_way = ""
    if is_go:
        safe_way = "keep the name of the service and of its package"
    return report.finding(
        "SERVICE_RENAMED", text, before=before.location, safe_way=safe_way, old=before.name
    )


def _handler_findings(
    report: Reporter, handlers: Matches[HandlerModel], *, is_go: bool
) -> Iterator[Finding]:
    for handler in handlers.removed:
        yield report.finding(
            "HANDLER_REMOVED",
            f"handler {handler.name} is gone",
            before=handler.location,
            handler=handler.name,
            and_handler=f" AND target_handler_name = '{handler.name}'",
        )
    for before, after in handlers.renamed:
        text = f'handler {before.name} has the Restate name "{after.name}" now'
        if before.rpc != after.rpc:
            text += f" (rpc {after.rpc} looks like it)"
        yield report.finding(
            "HANDLER_RENAMED",
            text,
            before=before.location,
            place=after.location,
            handler=before.name,
            safe_way="keep the name of the rpc" if is_go else "",
            old=before.name,
        )
    for before, after in (*handlers.same, *handlers.renamed):
        if before.kind is not after.kind and before.kind and after.kind:
            yield report.finding(
                "HANDLER_KIND_CHANGED",
                f"handler {before.name} was {_HANDLER_KINDS[before.kind]} and is "
                f"{_HANDLER_KINDS[after.kind]}",
                before=before.location,
                place=after.location,
                handler=before.name,
                why=_KIND_CHANGES[before.kind, after.kind],
            )


_HANDLER_KINDS = {
    HandlerKind.EXCLUSIVE: "exclusive",
    HandlerKind.SHARED: "shared",
    HandlerKind.WORKFLOW: "the run handler",
}
_KIND_CHANGES = {
    (HandlerKind.EXCLUSIVE, HandlerKind.SHARED): (
        "Its new invocations run beside each other and beside the exclusive handlers of their key, "
        "and cannot write state; those that were sent before still wait for their turn."
    ),
    (HandlerKind.SHARED, HandlerKind.EXCLUSIVE): (
        "Its new invocations wait until nothing else runs exclusively for their key. A handler of "
        "the same key that calls it, one in flight among them, waits for itself for ever."
    ),
    (HandlerKind.WORKFLOW, HandlerKind.SHARED): (
        "It runs as often as it is called, and keeps no result for its workflow id. For ids that "
        "it was called with before, the new run handler is refused (409, already invoked)."
    ),
    (HandlerKind.SHARED, HandlerKind.WORKFLOW): (
        "It runs once for a workflow id and refuses further calls (409, already invoked), and "
        "calls with an idempotency key."
    ),
}


def _declarations(report: Reporter, what: str, declared: Matches[Declaration]) -> Iterator[Finding]:
    rule = what.upper()
    for one in declared.removed:
        text = f'{what} "{one.name}" is gone'
        yield report.finding(f"{rule}_REMOVED", text, before=one.location)
    for one, other in declared.renamed:
        yield report.finding(
            f"{rule}_RENAMED",
            f'{what} "{one.name}" is gone, and "{other.name}" looks like it',
            before=one.location,
            place=other.location,
            old=one.name,
        )


def _encoding_change(report: Reporter, before: ServiceModel, after: ServiceModel) -> Finding:
    names = {Encoding.PROTOBUF: "ENCODING_PROTOBUF", Encoding.JSON: "ENCODING_JSON"}
    text = f"its encoding was {names[before.encoding]} and is {names[after.encoding]}"
    return report.finding("ENCODING_CHANGED", text, before=before.location)


def _handler_uses(before: HandlerModel, after: HandlerModel) -> Iterator[Use]:
    request = ("REQUEST_TYPE_CHANGED", "request", before.request, after.request)
    response = ("RESPONSE_TYPE_CHANGED", "response", before.response, after.response)
    is_raw_request = before.raw_request is not None or after.raw_request is not None
    is_raw_response = before.raw_response is not None or after.raw_response is not None
    for (rule, what, old, new), is_raw in (
        (request, is_raw_request),
        (response, is_raw_response),
    ):
        if not is_raw:  # raw parts are not messages; compare_raw.py has their rule
            yield Use(
                rule=rule,
                title=f"the {what} of {before.name}",
                old=old,
                new=new,
                before=before.location,
                place=after.location,
                handler=before.name,
            )


def _declared_use(what: str, before: Declaration, after: Declaration) -> Use:
    return Use(
        rule=f"{what.upper()}_TYPE_CHANGED",
        title=f'{what} "{before.name}"',
        old=before.type,
        new=after.type,
        before=before.location,
        place=after.location,
        name=before.name,
    )


def _with_article(word: str) -> str:
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"
