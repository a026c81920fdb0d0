"""Fill in the fields of commands that say where a call goes or which invocation is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from restate_proto.protocol.errors import AttemptError, Code

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.model.target import Target
    from restate_proto.protocol.journal import Journal
    from restatepb.protocol.v1 import protocol_pb2 as pb

    Headers: TypeAlias = Iterable[tuple[str, str]]

__all__ = ["Headers", "InvocationTarget", "address", "identify", "require_v7"]


@dataclass(frozen=True, slots=True)
class InvocationTarget:
    """Another invocation, named by its id, by an idempotency key, or by a workflow's id.

    Args:
        invocation_id: the id; the other fields are then unset.
        target: the handler of an idempotent request; for a workflow, its run handler.
        idempotency_key: the key of an idempotent request; None means a workflow.
    """

    invocation_id: str | None = None
    target: Target | None = None
    idempotency_key: str | None = None


def address(
    journal: Journal,
    command: pb.CallCommandMessage | pb.OneWayCallCommandMessage,
    scope: str | None,
    idempotency_key: str | None,
    limit_key: str | None,
    headers: Headers,
) -> None:
    """Fill in where a call goes, apart from the handler."""
    if idempotency_key is not None:
        _check_not_empty(journal, idempotency_key, "idempotency_key")
        command.idempotency_key = idempotency_key
    if scope is not None:
        _check_v7_text(journal, scope, "scope")
        command.scope = scope
    if limit_key is not None:
        _check_v7_text(journal, limit_key, "limit_key")
        command.limit_key = limit_key
    for key, value in headers:
        command.headers.add(key=key, value=value)


def identify(
    journal: Journal,
    command: pb.AttachInvocationCommandMessage | pb.GetInvocationOutputCommandMessage,
    invocation: InvocationTarget,
) -> None:
    """Fill in which invocation a command is about."""
    target = invocation.target
    if target is None:
        command.invocation_id = invocation.invocation_id or ""
        return
    if target.scope is not None:
        _check_v7_text(journal, target.scope, "scope")
    if invocation.idempotency_key is None:
        workflow = command.workflow_target
        workflow.workflow_name = target.service_name
        workflow.workflow_key = target.key or ""
        if target.scope is not None:
            workflow.scope = target.scope
        return
    _check_not_empty(journal, invocation.idempotency_key, "idempotency_key")
    request = command.idempotent_request_target
    request.service_name = target.service_name
    request.handler_name = target.handler_name
    request.idempotency_key = invocation.idempotency_key
    if target.key is not None:
        request.service_key = target.key
    if target.scope is not None:
        request.scope = target.scope


def require_v7(journal: Journal, feature: str) -> None:
    """End the attempt if its protocol version is too old for what the handler asks for.

    Args:
        journal: the attempt's journal.
        feature: the feature that the handler asks for, for the error text.

    Raises:
        AttemptEnded: the protocol is older, or the attempt is over.
    """
    if journal.version < 7:
        _fail_attempt(
            journal,
            AttemptError(
                Code.UNSUPPORTED_FEATURE,
                f"'{feature}' needs service protocol v7, but Restate speaks "
                f"v{journal.version} here. Start the server with "
                "RESTATE_EXPERIMENTAL_ENABLE_PROTOCOL_V7=true, or do without it.",
            ),
        )


def _check_v7_text(journal: Journal, value: str, what: str) -> None:
    _check_not_empty(journal, value, what)
    require_v7(journal, what)


def _check_not_empty(journal: Journal, value: str, what: str) -> None:
    if not value:
        text = f"'{what}' is given, but empty: leave it out."
        _fail_attempt(journal, AttemptError(Code.INTERNAL, text))


def _fail_attempt(journal: Journal, error: AttemptError) -> None:
    """End the attempt with an error, for an operation that the handler cannot have."""
    journal.fail_with(error)
    journal.refuse()
