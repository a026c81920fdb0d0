"""Carry out the commands of handlers, once they are in the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from restate_proto.protocol import Failure
from restate_proto.protocol.ids import awakeable_parts
from restate_proto.protocol.messages import COMMANDS, MessageType
from restate_proto.protocol.player import completion_of
from restate_proto.testing.virtual import notifications
from restate_proto.testing.virtual.actions import cancel
from restate_proto.testing.virtual.invocation import InvocationName
from restate_proto.testing.virtual.processor import Processor, stored_order
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.protocol.frames import Frame
    from restate_proto.testing.virtual.attempts import RunningAttempt
    from restate_proto.testing.virtual.invocation import Invocation, Outcome

__all__ = ["ALREADY_INVOKED", "NOT_FOUND", "Commands", "complete_awakeable", "output_of"]

NOT_FOUND = Failure(404, "not found")
ALREADY_INVOKED = Failure(409, "the workflow method was already invoked")
_ALREADY_COMPLETED = Failure(409, "promise was already completed")


class Commands:
    """Carries out the commands of handlers on one server.

    Args:
        processor: the server.
    """

    def __init__(self, processor: Processor) -> None:
        self._processor = processor

    def take(self, invocation: Invocation, type_: int, payload: bytes) -> Failure | None:
        """Carry out a command that is now in the journal.

        Args:
            invocation: the invocation that issued it.
            type_: the type of the message.
            payload: the message.

        Returns:
            Why the attempt cannot go on; None if it can.
        """
        known = COMMANDS.get(type_)
        if known is None:
            return None
        command: Any = known[0].FromString(payload)
        match type_:
            case MessageType.SET_STATE:
                self._state_of(invocation)[command.key] = command.value.content
            case MessageType.CLEAR_STATE:
                self._state_of(invocation).pop(command.key, None)
            case MessageType.CLEAR_ALL_STATE:
                self._state_of(invocation).clear()
            case MessageType.GET_LAZY_STATE | MessageType.GET_LAZY_STATE_KEYS:
                self._read_state(invocation, type_, command)
            case MessageType.GET_PROMISE | MessageType.PEEK_PROMISE | MessageType.COMPLETE_PROMISE:
                self._use_promise(invocation, type_, command)
            case MessageType.SLEEP:
                done = notifications.void(type_, command.result_completion_id)
                wake = lambda: self._processor.notify(invocation, done)  # noqa: E731
                timer = self._processor.timeline.at(command.wake_up_time, wake)
                invocation.timers.append(timer)
            case MessageType.CALL | MessageType.ONE_WAY_CALL:
                return self._call(invocation, type_, command)
            case MessageType.SEND_SIGNAL:
                self._signal(invocation, command)
            case MessageType.ATTACH_INVOCATION | MessageType.GET_INVOCATION_OUTPUT:
                # After the signals that the handler has sent: the other may have ended by then.
                ask = lambda: self._ask_for_result(invocation, type_, command)  # noqa: E731
                self._processor.steps.add(ask, invocation.id)
            case MessageType.COMPLETE_AWAKEABLE:
                outcome = _outcome(command)
                complete_awakeable(self._processor, command.awakeable_id, outcome, invocation.id)
            case _:
                pass
        return None

    # ---- State ----

    def _state_of(self, invocation: Invocation) -> dict[bytes, bytes]:
        return self._processor.states[invocation.lock]

    def _read_state(self, invocation: Invocation, type_: int, command: Any) -> None:
        state, id_ = self._state_of(invocation), command.result_completion_id
        if type_ == MessageType.GET_LAZY_STATE_KEYS:
            answer = notifications.state_keys(type_, id_, stored_order(state))
        elif command.key in state:
            answer = notifications.completion(type_, id_, state[command.key])
        else:
            answer = notifications.void(type_, id_)
        self._processor.notify(invocation, answer)

    # ---- Promises ----

    def _use_promise(self, invocation: Invocation, type_: int, command: Any) -> None:
        processor, id_ = self._processor, command.result_completion_id
        name = (invocation.lock, command.key)
        outcome = processor.promises.get(name)
        if type_ == MessageType.COMPLETE_PROMISE:
            if outcome is not None:
                answer = notifications.completion(type_, id_, _ALREADY_COMPLETED)
            else:
                processor.promises[name] = given = _outcome(command, "completion_")
                answer = notifications.void(type_, id_)
                for waiter in processor.promise_waiters.pop(name, ()):
                    waiter(given)
            processor.notify(invocation, answer)
        elif outcome is not None:
            processor.notify(invocation, notifications.completion(type_, id_, outcome))
        elif type_ == MessageType.PEEK_PROMISE:
            processor.notify(invocation, notifications.void(type_, id_))
        else:
            waiters = processor.promise_waiters.setdefault(name, [])
            waiters.append(lambda given: self._answer(invocation, type_, id_, given, invocation))

    # ---- Other invocations ----

    def _call(self, invocation: Invocation, type_: int, command: Any) -> Failure | None:
        processor = self._processor
        handler = processor.catalogue.find(command.service_name, command.handler_name)
        if handler is None:
            name = f"{command.service_name}/{command.handler_name}"
            return _failed_check(invocation, type_, f"the service handler {name} was not found")
        if command.key and not handler.is_keyed:
            return _failed_check(
                invocation,
                type_,
                f"a key was provided, but the callee '{handler.service}' is a Service. Only "
                "VirtualObjects or Workflows accept a key",
            )
        callee, is_new = processor.submit(
            handler,
            command.key,
            command.parameter,
            headers=tuple((header.key, header.value) for header in command.headers),
            idempotency_key=_optional_field(command, "idempotency_key"),
            scope=_optional_field(command, "scope"),
            limit_key=_optional_field(command, "limit_key"),
            at=command.invoke_time if type_ == MessageType.ONE_WAY_CALL else None,
        )
        id_ = command.invocation_id_notification_idx
        processor.notify(invocation, notifications.invocation_id(id_, callee.id))
        if type_ == MessageType.CALL:
            result_id = command.result_completion_id
            if handler.is_run and not is_new:
                self._answer(invocation, type_, result_id, ALREADY_INVOKED, callee)
            else:
                processor.when_ended(
                    callee,
                    lambda outcome: self._answer(invocation, type_, result_id, outcome, callee),
                )
        return None

    def _answer(
        self, invocation: Invocation, type_: int, id_: int, outcome: Outcome, sender: Invocation
    ) -> None:
        completion = notifications.completion(type_, id_, outcome)
        self._processor.notify_later(invocation, completion, sender)

    def _signal(self, invocation: Invocation, command: pb.SendSignalCommandMessage) -> None:
        processor = self._processor
        target = processor.invocations.get(command.target_invocation_id)
        if target is None:
            return
        if command.WhichOneof("signal_id") == "idx" and command.idx == pb.CANCEL:
            processor.steps.add(lambda: _cancel_if_open(processor, target), invocation.id)
            return
        id_ = command.name if command.WhichOneof("signal_id") == "name" else command.idx
        outcome = None if command.WhichOneof("result") == "void" else _outcome(command)
        processor.notify_later(target, notifications.signal(id_, outcome), invocation)

    def _ask_for_result(self, invocation: Invocation, type_: int, command: Any) -> None:
        processor, id_ = self._processor, command.result_completion_id
        other = self._find(command)
        if other is None:
            self._answer(invocation, type_, id_, NOT_FOUND, invocation)
        elif type_ == MessageType.GET_INVOCATION_OUTPUT:
            processor.notify(invocation, _current_output(type_, id_, other))
        else:
            processor.when_ended(
                other, lambda outcome: self._answer(invocation, type_, id_, outcome, other)
            )

    def _find(self, command: Any) -> Invocation | None:
        processor = self._processor
        match command.WhichOneof("target"):
            case "invocation_id":
                return processor.invocations.get(command.invocation_id)
            case "workflow_target":
                target = command.workflow_target
                scope = _optional_field(target, "scope")
                name = InvocationName(target.workflow_name, target.workflow_key, None, None, scope)
            case _:
                target = command.idempotent_request_target
                name = InvocationName(
                    target.service_name,
                    _optional_field(target, "service_key"),
                    target.handler_name,
                    target.idempotency_key,
                    _optional_field(target, "scope"),
                )
        return processor.named(name)

    # ---- Runs ----

    def take_proposal(
        self, invocation: Invocation, attempt: RunningAttempt, payload: bytes
    ) -> None:
        """Store the proposed result of a run, and tell the attempt."""
        proposal = pb.ProposeRunCompletionMessage.FromString(payload)
        stored: Frame = MessageType.RUN_COMPLETION, completion_of(proposal).SerializeToString()
        if attempt.version < 7:
            self._processor.notify(invocation, stored)
            return
        self._processor.store_run(invocation, stored)
        ack = pb.ProposeRunCompletionAckMessage(completion_id=proposal.result_completion_id)
        attempt.send((MessageType.PROPOSE_RUN_COMPLETION_ACK, ack.SerializeToString()))


def complete_awakeable(processor: Processor, id_: str, outcome: Outcome, sender: str = "") -> None:
    """Complete an awakeable, if there is one with this id.

    Args:
        processor: the server.
        id_: the awakeable's id.
        outcome: its value or failure.
        sender: the id of the invocation that completes it; "" if it is completed from outside.
    """
    parts = awakeable_parts(id_)
    target = None if parts is None else processor.by_raw_id(parts[0])
    if parts is not None and target is not None:
        told = notifications.signal(parts[1], outcome)
        processor.steps.add(lambda: processor.notify(target, told), sender or None)


def output_of(invocation: Invocation) -> Outcome:
    """Return what the handler returned or failed with, once that is in its journal."""
    for type_, payload in reversed(invocation.journal):
        if type_ == MessageType.OUTPUT:
            return _outcome(pb.OutputCommandMessage.FromString(payload))
    return Failure(500, "the handler has ended without an output")


def _failed_check(invocation: Invocation, type_: int, precondition: str) -> Failure:
    """Return what restate-server says of a command that it cannot carry out; it has the attempt retried."""
    name = "Call" if type_ == MessageType.CALL else "OneWayCall"
    index = sum(type_ in COMMANDS for type_, _ in invocation.journal) - 1
    return Failure(
        500,
        f"cannot process command Command: {name} (command index {index}) because of a failed "
        f"precondition: {precondition}",
    )


def _cancel_if_open(processor: Processor, invocation: Invocation) -> None:
    if invocation.outcome is None:
        cancel(processor, invocation)


def _current_output(type_: int, id_: int, other: Invocation) -> Frame:
    """Return the notification of an invocation's output, which says so if there is none yet."""
    if other.outcome is None:
        return notifications.void(type_, id_)
    return notifications.completion(type_, id_, other.outcome)


def _outcome(message: Any, prefix: str = "") -> Outcome:
    which = message.WhichOneof("completion" if prefix else "result")
    if which == f"{prefix}failure":
        failure = Failure.from_message(getattr(message, which))
        return failure._replace(metadata=tuple(sorted(failure.metadata)))
    return getattr(message, f"{prefix}value").content


def _optional_field(message: Any, field: str) -> str | None:
    return getattr(message, field) if message.HasField(field) else None
