"""Commands about other invocations: calls, one-way messages, attaching, cancelling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from restate_proto.protocol.errors import AttemptError, Code
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.results import ResultKind
from restate_proto.protocol.state import StateCommands
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.model.target import Target
    from restate_proto.protocol.results import NotificationId, Result

    Headers: TypeAlias = Iterable[tuple[str, str]]

__all__ = ["CallCommands", "InvocationTarget"]

_INVOCATION_ID = ResultKind.INVOCATION_ID


@dataclass(frozen=True, slots=True)
class InvocationTarget:
    """Another invocation: by its id, by an idempotency key, or by a workflow's id.

    Args:
        invocation_id: the id; the other fields are then unset.
        target: the handler, for an idempotent request; for a workflow, with the run handler.
        idempotency_key: the key of an idempotent request; None means the workflow.
    """

    invocation_id: str | None = None
    target: Target | None = None
    idempotency_key: str | None = None


class CallCommands(StateCommands):
    """The part of the machine that deals with other invocations."""

    __slots__ = ("_calls",)

    def __init__(self, version: int, max_message: int, max_outbound: int) -> None:
        super().__init__(version, max_message, max_outbound)
        # Calls that have no result yet: notification id of the invocation id -> invocation id.
        self._calls: dict[int, str | None] = {}

    # ---- Calls ----

    def call(
        self,
        target: Target,
        parameter: bytes,
        headers: Headers = (),
        idempotency_key: str | None = None,
        limit_key: str | None = None,
        name: str = "",
    ) -> tuple[int, int]:
        """Call a handler. Returns the notification ids of its invocation id and its result."""
        id_notification = self._last_completion_id + 1
        result = id_notification + 1
        command = pb.CallCommandMessage(
            service_name=target.service_name,
            handler_name=target.handler_name,
            key=target.key or "",
            parameter=parameter,
            invocation_id_notification_idx=id_notification,
            result_completion_id=result,
            name=name,
        )
        self._address(command, target.scope, idempotency_key, limit_key, headers)
        self._command(MessageType.CALL, command, name, 2)
        self._expected[id_notification] = _INVOCATION_ID
        self._calls[id_notification] = None
        return id_notification, result

    def send(
        self,
        target: Target,
        parameter: bytes,
        headers: Headers = (),
        idempotency_key: str | None = None,
        limit_key: str | None = None,
        invoke_time: int = 0,
        name: str = "",
    ) -> int:
        """Send a one-way message. Returns the notification id of its invocation id.

        Args:
            target: the handler.
            parameter: the payload.
            headers: headers for it.
            idempotency_key: the idempotency key, if any.
            limit_key: the limit key, if any (v7).
            invoke_time: when to deliver it, in milliseconds since the Unix epoch; 0 is at once.
            name: what the Restate UI shows for the entry.
        """
        id_notification = self._last_completion_id + 1
        command = pb.OneWayCallCommandMessage(
            service_name=target.service_name,
            handler_name=target.handler_name,
            key=target.key or "",
            parameter=parameter,
            invoke_time=invoke_time,
            invocation_id_notification_idx=id_notification,
            name=name,
        )
        self._address(command, target.scope, idempotency_key, limit_key, headers)
        self._command(MessageType.ONE_WAY_CALL, command, name, 1)
        self._expected[id_notification] = _INVOCATION_ID
        return id_notification

    def _address(
        self,
        command: pb.CallCommandMessage | pb.OneWayCallCommandMessage,
        scope: str | None,
        idempotency_key: str | None,
        limit_key: str | None,
        headers: Headers,
    ) -> None:
        if idempotency_key is not None:
            self._not_empty(idempotency_key, "idempotency_key")
            command.idempotency_key = idempotency_key
        if scope is not None:
            self._requires(7, scope, "scope")
            command.scope = scope
        if limit_key is not None:
            self._requires(7, limit_key, "limit_key")
            command.limit_key = limit_key
        for key, value in headers:
            command.headers.add(key=key, value=value)

    def _not_empty(self, value: str, what: str) -> None:
        if not value:
            self.reject(AttemptError(Code.INTERNAL, f"'{what}' is given, but empty: leave it out."))

    def _requires(self, version: int, value: str, feature: str) -> None:
        self._not_empty(value, feature)
        if self.version < version:
            self.reject(
                AttemptError(
                    Code.UNSUPPORTED_FEATURE,
                    f"'{feature}' needs service protocol v{version}, but Restate speaks "
                    f"v{self.version} here. Start the server with "
                    f"RESTATE_EXPERIMENTAL_ENABLE_PROTOCOL_V7=true, or do without it.",
                )
            )

    def attach(self, invocation: InvocationTarget) -> int:
        """Attach to an invocation. Returns the notification id of its result."""
        result = self._last_completion_id + 1
        command = pb.AttachInvocationCommandMessage(result_completion_id=result)
        self._point(command, invocation)
        self._command(MessageType.ATTACH_INVOCATION, command, ids=1)
        return result

    def get_output(self, invocation: InvocationTarget) -> int:
        """Ask for an invocation's result without waiting for it. Returns the notification id."""
        result = self._last_completion_id + 1
        command = pb.GetInvocationOutputCommandMessage(result_completion_id=result)
        self._point(command, invocation)
        self._command(MessageType.GET_INVOCATION_OUTPUT, command, ids=1)
        return result

    def _point(
        self,
        command: pb.AttachInvocationCommandMessage | pb.GetInvocationOutputCommandMessage,
        invocation: InvocationTarget,
    ) -> None:
        target = invocation.target
        if target is None:
            command.invocation_id = invocation.invocation_id or ""
            return
        if target.scope is not None:
            self._requires(7, target.scope, "scope")
        if invocation.idempotency_key is None:
            workflow = command.workflow_target
            workflow.workflow_name = target.service_name
            workflow.workflow_key = target.key or ""
            if target.scope is not None:
                workflow.scope = target.scope
            return
        self._not_empty(invocation.idempotency_key, "idempotency_key")
        request = command.idempotent_request_target
        request.service_name = target.service_name
        request.handler_name = target.handler_name
        request.idempotency_key = invocation.idempotency_key
        if target.key is not None:
            request.service_key = target.key
        if target.scope is not None:
            request.scope = target.scope

    def cancel_invocation(self, invocation_id: str) -> None:
        """Send the cancel signal to an invocation."""
        command = pb.SendSignalCommandMessage(target_invocation_id=invocation_id, idx=pb.CANCEL)
        command.void.SetInParent()
        self._command(MessageType.SEND_SIGNAL, command)

    # ---- Pending calls, which are cancelled with their caller ----

    def _track(self, id_: int, result: Result) -> None:
        if id_ in self._calls:
            self._calls[id_] = result.value
        else:
            self._calls.pop(id_ - 1, None)  # a call's result has the id after its invocation id

    def calls_without_id(self) -> list[NotificationId]:
        """The pending calls whose invocation id is not known yet; cancelling has to wait for it."""
        return [id_ for id_, invocation in self._calls.items() if invocation is None]

    def cancel_calls(self) -> None:
        """Cancel every pending call, as the invocation itself is cancelled."""
        calls = [invocation for invocation in self._calls.values() if invocation]
        self._calls.clear()
        for invocation_id in calls:
            self.cancel_invocation(invocation_id)
