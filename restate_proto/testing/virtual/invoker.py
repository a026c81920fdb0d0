"""Make the attempts of invocations: begin them, process their output, and retry failed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.model.retry import OnMaxAttempts
from restate_proto.protocol import Failure
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.notifications import CANCEL_SIGNAL
from restate_proto.protocol.player import attempt_input
from restate_proto.testing.virtual.attempts import RunningAttempt
from restate_proto.testing.virtual.awaiting import can_go_on
from restate_proto.testing.virtual.commands import Commands, output_of
from restate_proto.testing.virtual.invocation import Invocation, Status
from restate_proto.testing.virtual.notifications import read
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.endpoint.routes import Accept
    from restate_proto.protocol.frames import Frame
    from restate_proto.testing.virtual.faults import Faults
    from restate_proto.testing.virtual.processor import Processor

__all__ = ["Invoker"]

_LOST = Failure(500, "the attempt was cut off, as by the death of its process")


class Invoker:
    """Makes the attempts of a server's invocations.

    Args:
        processor: the server.
        entrance: the endpoint's function that accepts requests.
        version: the service protocol version.
        always_suspends: whether each wait of a handler is a suspension.
        faults: the faults to inject.

    Attributes:
        attempts: the running attempts, by the ids of their invocations.
        version: see the argument.
    """

    def __init__(
        self,
        processor: Processor,
        entrance: Accept,
        version: int,
        *,
        always_suspends: bool,
        faults: Faults,
    ) -> None:
        self._processor = processor
        self._entrance = entrance
        self.version = version
        self._always_suspends = always_suspends
        self._faults = faults
        self._commands = Commands(processor)
        self.attempts: dict[str, RunningAttempt] = {}

    # ---- Their beginning ----

    def start(self, invocation: Invocation) -> None:
        """Make an attempt after the present step."""
        invocation.status = Status.RUNNING
        invocation.awaited = None
        if invocation.timer is not None:
            invocation.timer.cancel()
            invocation.timer = None
        self._processor.steps.add(lambda: self._begin(invocation))

    def _begin(self, invocation: Invocation) -> None:
        if invocation.status is not Status.RUNNING or invocation.attempt is not None:
            return  # paused or ended in the meantime, or requested twice
        attempt = RunningAttempt(invocation, self.version, self._on_output)
        invocation.attempt = attempt
        self.attempts[invocation.id] = attempt
        request = attempt_input(self._start_message(invocation), invocation.journal)
        attempt.begin(self._entrance, request, ends=self._always_suspends)

    def _start_message(self, invocation: Invocation) -> pb.StartMessage:
        handler = invocation.handler
        start = pb.StartMessage(
            id=invocation.raw_id,
            debug_id=invocation.id,
            key=invocation.key,
            retry_count_since_last_stored_entry=invocation.failures,
        )
        if self.version >= 6:
            start.random_seed = invocation.seed
        if invocation.failures:
            since = self._processor.timeline.now - invocation.failing_since
            start.duration_since_last_stored_entry = max(0, since)
        if handler.is_keyed:
            state = self._processor.states.get(invocation.lock, {})
            known = {} if handler.has_lazy_state else self._faults.known_state(state)
            start.partial_state = len(known) < len(state) or handler.has_lazy_state
            for key, value in known.items():
                start.state_map.add(key=key, value=value)
        if self.version >= 7:
            name = invocation.name
            for field, value in (
                ("scope", invocation.scope),
                ("limit_key", invocation.limit_key),
                ("idempotency_key", None if name is None else name.idempotency_key),
            ):
                if value is not None:
                    setattr(start, field, value)
        return start

    def end_inputs(self) -> bool:
        """End all requests, so that handlers suspend; return whether one had not said its wait."""
        asked = [attempt for attempt in self.attempts.values() if attempt.takes_input]
        for attempt in asked:
            attempt.end_input()
        return bool(asked)

    # ---- What they write ----

    def _on_output(self, attempt: RunningAttempt) -> None:
        lane = attempt.invocation.id
        self._processor.steps.add(lambda: self._take_output(attempt), lane)

    def _take_output(self, attempt: RunningAttempt) -> None:
        invocation = attempt.invocation
        frames, attempt.frames = attempt.frames, []
        for frame in frames:
            if invocation.attempt is not attempt:
                return  # it was ended in the meantime
            self._take_frame(invocation, attempt, frame)
        if attempt.has_ended and invocation.attempt is attempt and not attempt.frames:
            status, body = attempt.refusal or (500, b"the answer has no end")
            self._fail(invocation, Failure(status, body.decode(errors="replace")))

    def _take_frame(self, invocation: Invocation, attempt: RunningAttempt, frame: Frame) -> None:
        type_, payload = frame
        match type_:
            case MessageType.END:
                self.leave(invocation)
                self._processor.end(invocation, output_of(invocation))
            case MessageType.SUSPENSION:
                self._suspend(invocation, pb.SuspensionMessage.FromString(payload))
            case MessageType.ERROR:
                self._take_error(invocation, pb.ErrorMessage.FromString(payload))
            case MessageType.AWAITING_ON:
                pass
            case MessageType.PROPOSE_RUN_COMPLETION:
                if self._faults.loses_result(invocation):
                    self.crash(invocation)
                else:
                    invocation.failures = 0
                    self._commands.take_proposal(invocation, attempt, payload)
            case _:
                invocation.journal.append(frame)
                invocation.failures = 0
                problem = self._commands.take(invocation, type_, payload)
                if problem is not None:
                    self.abort(invocation, problem.message)
                    self._fail(invocation, problem)
        if invocation.attempt is attempt and self._faults.crashes(invocation):
            self.crash(invocation)

    # ---- What is told them ----

    def notified(self, invocation: Invocation, notification: Frame) -> None:
        """Pass a notification that is now in the journal of an invocation to its attempt."""
        if invocation.attempt is not None:
            invocation.attempt.send(notification)
        elif invocation.status is Status.SUSPENDED:
            if invocation.awaited and can_go_on(invocation.awaited, invocation.arrived):
                self.start(invocation)
        elif invocation.status is Status.PAUSED:
            known = read(notification)
            if known is not None and known[0] == CANCEL_SIGNAL:
                self.start(invocation)

    # ---- Their end ----

    def leave(self, invocation: Invocation) -> None:
        """Forget the attempt of an invocation, if there is one, because it is over."""
        invocation.attempt = None
        self.attempts.pop(invocation.id, None)

    def abort(self, invocation: Invocation, reason: str) -> None:
        """Cut off the attempt of an invocation, if there is one."""
        if invocation.attempt is not None:
            invocation.attempt.abort(reason)
            self.leave(invocation)

    def crash(self, invocation: Invocation) -> None:
        """Cut off the attempt, as the death of its process would, and make another one at once."""
        self.abort(invocation, _LOST.message)
        invocation.last_failure = _LOST
        self.start(invocation)

    def _suspend(self, invocation: Invocation, message: pb.SuspensionMessage) -> None:
        self.leave(invocation)
        if can_go_on(message, invocation.arrived):
            self.start(invocation)
        else:
            invocation.status = Status.SUSPENDED
            invocation.awaited = message

    def _take_error(self, invocation: Invocation, message: pb.ErrorMessage) -> None:
        failure = Failure(message.code, message.message)
        invocation.last_failure = failure
        if message.behavior == pb.FAIL:
            self.leave(invocation)
            self._processor.end(invocation, failure)
        elif message.behavior == pb.PAUSE:
            self.leave(invocation)
            invocation.status = Status.PAUSED
        else:
            delay = message.next_retry_delay if message.HasField("next_retry_delay") else None
            self._fail(invocation, failure, delay)

    def _fail(self, invocation: Invocation, failure: Failure, delay: int | None = None) -> None:
        """Retry, pause or end an invocation whose attempt has failed."""
        self.leave(invocation)
        now = self._processor.timeline.now
        if invocation.failures == 0:
            invocation.failing_since = now
        invocation.failures += 1
        invocation.last_failure = failure
        # A delay that the handler asks for overrides the retry policy, including its bounds.
        planned = invocation.handler.delay_after(invocation.failures) if delay is None else delay
        if planned is OnMaxAttempts.PAUSE:
            invocation.status = Status.PAUSED
        elif isinstance(planned, OnMaxAttempts):
            self._processor.end(invocation, failure)
        else:
            invocation.status = Status.BACKING_OFF
            at = self._processor.timeline.at
            invocation.timer = at(now + planned, lambda: self.start(invocation))
