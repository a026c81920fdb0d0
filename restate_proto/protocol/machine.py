"""The state machine of one attempt: every command, waiting, suspending and cancelling."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from hashlib import sha256

from restate_proto.protocol.calls import CallCommands
from restate_proto.protocol.errors import AttemptEnded, AttemptError, Code, RelatedCommand
from restate_proto.protocol.frames import DEFAULT_MAX_OUTBOUND, MAX_LENGTH, REQUESTED_ACK
from restate_proto.protocol.journal import Phase
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.results import (
    CANCEL_SIGNAL,
    Await,
    Failure,
    NotificationId,
    Result,
    ResultKind,
)
from restatepb.protocol.v1 import protocol_pb2 as pb

__all__ = ["StateMachine"]

_NO_PAYLOADS = (ResultKind.INVOCATION_ID, ResultKind.STATE_KEYS)
_REPLAYING, _PROCESSING, _CLOSED = Phase.REPLAYING, Phase.PROCESSING, Phase.CLOSED


class StateMachine(CallCommands):
    """One attempt of one invocation, without I/O.

    Feed it the request's bytes, issue what the handler does, and send what `take_output` gives.
    Every method that issues a command raises `AttemptEnded` when the attempt is over, be it that
    it is just found that the journal does not match.

    Args:
        version: the service protocol version of the stream, 5 to 7.
        max_message: the longest message that is taken, in bytes; a longer one ends the attempt.
        max_outbound: the `message-size-limit` of the server, in bytes; what it would not take is
            not written.

    Attributes:
        max_payload: the length in bytes of a payload that Restate would not take any more.
    """

    __slots__ = ("_runs", "cancel_requested")

    def __init__(
        self,
        version: int,
        max_message: int = MAX_LENGTH,
        max_outbound: int = DEFAULT_MAX_OUTBOUND,
    ) -> None:
        super().__init__(version, max_message, max_outbound)
        # Runs without a result: completion id -> the command's index and name, for errors.
        self._runs: dict[NotificationId, tuple[int, str]] = {}
        self.cancel_requested = False

    # ---- Notifications and waiting ----

    def poll(self) -> tuple[NotificationId, Result] | None:
        """Let the next notification take effect, in the order that every attempt sees.

        To be called only while the handler waits for something. None when there is none.

        Raises:
            AttemptEnded: the result is of a kind that the operation cannot have.
        """
        if not self._notifications:
            return None
        notification = self._notifications.popleft()
        id_, result = notification
        if id_ == CANCEL_SIGNAL:
            self.cancel_requested = True
            return notification
        kind = result.kind
        expected = self._expected.pop(id_, None)
        if kind is not expected and (expected is not None or kind in _NO_PAYLOADS):
            self._on_wrong_kind(id_, kind)
        if self._calls and isinstance(id_, int):
            self._track(id_, result)
        return notification

    def _on_wrong_kind(self, id_: NotificationId, kind: ResultKind) -> None:
        is_begun = isinstance(id_, str) or id_ <= self._last_completion_id
        if is_begun or self.phase is not _REPLAYING:
            self._violation(f"{kind.name} as the result {id_!r}")
        # Of an operation that the code has not begun: the code has changed, as its next step shows.

    @property
    def waits_silently(self) -> bool:
        """Whether `park` would have nothing to say: input may come, and nobody has to be told."""
        return self.version < 7 and not self._input_closed and self.phase is _PROCESSING

    def park(self, awaiting: Await, *, executing: bool) -> None:
        """The handler waits, and no notification is left: wait for input, or suspend.

        Args:
            awaiting: what it waits for.
            executing: whether a run's function is being executed. The attempt is not suspended
                then: its result would be lost.

        Raises:
            AttemptEnded: the attempt was suspended, or the wait shows that the journal is of
                other code.
        """
        if self.phase is _REPLAYING:
            # The journal went on from here, so what it waited for then was there. Now it is not.
            ids = [id_ for id_ in awaiting.all_ids() if id_ != CANCEL_SIGNAL]
            run = next((self._run_command(id_) for id_ in ids if id_ in self._runs), None)
            self._not_next(f"an await of {', '.join(map(self._describe, ids)) or 'nothing'}", run)
        if self.phase is not _PROCESSING:
            self._closed()
        if self._input_closed:
            if not executing:
                self._suspend(awaiting)
        elif self.version >= 7 and not executing:
            self._send(
                MessageType.AWAITING_ON, pb.AwaitingOnMessage(awaiting_on=awaiting.to_message())
            )

    def _suspend(self, awaiting: Await) -> None:
        # What has taken effect is waited for no more; see to it, for the price of a mistake is high.
        present = [id_ for id_ in awaiting.all_ids() if id_ in self._arrived]
        if present:
            self.fail(
                AttemptError(
                    Code.INTERNAL,
                    f"The handler waits for {', '.join(map(self._describe, present))}, which the "
                    "journal has already: Restate would resume it at once, again and again.",
                )
            )
        message = pb.SuspensionMessage()
        if self.version >= 7:
            message.awaiting_on.CopyFrom(awaiting.to_message())
        else:
            flat = Await(ids=awaiting.all_ids()).to_message()
            message.waiting_completions.extend(flat.waiting_completions)
            message.waiting_signals.extend(flat.waiting_signals)
            message.waiting_named_signals.extend(flat.waiting_named_signals)
        self._send(MessageType.SUSPENSION, message)
        self._close()
        self.ends_told += 1
        raise AttemptEnded("suspended")

    # ---- Timers ----

    def sleep(self, wake_up_time: int, name: str = "") -> int:
        """Start a timer (milliseconds since the Unix epoch). Returns its notification id."""
        result = self._last_completion_id + 1
        command = pb.SleepCommandMessage(
            wake_up_time=wake_up_time, result_completion_id=result, name=name
        )
        self._command(MessageType.SLEEP, command, name, 1)
        return result

    # ---- Awakeables and signals ----

    def awakeable(self) -> tuple[str, NotificationId]:
        """Make an awakeable. Returns its id for others, and its notification id."""
        if self.phase is _CLOSED:
            self.refuse()
        index = self.last_signal_index + 1
        id_ = self._awakeable_id(index)
        self.last_signal_index = index
        return id_, -index

    def _awakeable_id(self, signal_index: int) -> str:
        raw = self.start.id + signal_index.to_bytes(4, "big")
        return f"sign_1{urlsafe_b64encode(raw).decode().rstrip('=')}"

    def complete_awakeable(self, id_: str, result: bytes | Failure) -> None:
        """Resolve or reject another invocation's awakeable."""
        command = pb.CompleteAwakeableCommandMessage(awakeable_id=id_)
        if isinstance(result, Failure):
            command.failure.CopyFrom(self._failure(result))
        else:
            command.value.content = result
        self._command(MessageType.COMPLETE_AWAKEABLE, command)

    def send_signal(self, invocation_id: str, name: str, result: bytes | Failure) -> None:
        """Send a named signal to an invocation."""
        command = pb.SendSignalCommandMessage(target_invocation_id=invocation_id, name=name)
        if isinstance(result, Failure):
            command.failure.CopyFrom(self._failure(result))
        else:
            command.value.content = result
        self._command(MessageType.SEND_SIGNAL, command)

    # ---- Promises ----

    def get_promise(self, key: str) -> int:
        """Wait for a promise of this workflow. Returns the notification id."""
        result = self._last_completion_id + 1
        command = pb.GetPromiseCommandMessage(key=key, result_completion_id=result)
        self._command(MessageType.GET_PROMISE, command, ids=1)
        return result

    def peek_promise(self, key: str) -> int:
        """Look at a promise without waiting for it. Returns the notification id."""
        result = self._last_completion_id + 1
        command = pb.PeekPromiseCommandMessage(key=key, result_completion_id=result)
        self._command(MessageType.PEEK_PROMISE, command, ids=1)
        return result

    def complete_promise(self, key: str, completion: bytes | Failure) -> int:
        """Resolve or reject a promise. Returns the notification id of its outcome."""
        result = self._last_completion_id + 1
        command = pb.CompletePromiseCommandMessage(key=key, result_completion_id=result)
        if isinstance(completion, Failure):
            command.completion_failure.CopyFrom(self._failure(completion))
        else:
            command.completion_value.content = completion
        self._command(MessageType.COMPLETE_PROMISE, command, ids=1)
        return result

    # ---- Runs ----

    def run(self, name: str) -> tuple[int, bool]:
        """Begin a side effect.

        Returns:
            Its notification id, and whether its function has to be executed: not where the
            journal has its result.
        """
        result = self._last_completion_id + 1
        command = pb.RunCommandMessage(result_completion_id=result, name=name)
        self._command(MessageType.RUN, command, name, 1)
        if result in self._arrived:
            return result, False
        self._runs[result] = self.command_index, name
        return result, True

    def propose_run(self, id_: int, result: bytes | Failure) -> None:
        """Propose the result of a run, for Restate to store."""
        del self._runs[id_]
        if self.phase is _CLOSED:
            return  # the attempt ended meanwhile; the next one executes the run again
        message = pb.ProposeRunCompletionMessage(result_completion_id=id_)
        if isinstance(result, Failure):
            message.failure.CopyFrom(self._failure(result))
        else:
            message.value = result
        if self.version < 7:
            self._send(MessageType.PROPOSE_RUN_COMPLETION, message)
            return
        kind = ResultKind.FAILURE if isinstance(result, Failure) else ResultKind.VALUE
        self._proposals[id_] = Result(kind, result)
        self._send(MessageType.PROPOSE_RUN_COMPLETION, message, REQUESTED_ACK)

    def run_history(self) -> tuple[int, timedelta]:
        """How often the run that failed now was attempted before, and since when.

        Restate counts retries since the last stored entry, so its count is the run's own as long
        as this attempt has stored nothing new.
        """
        attempts = self.start.retry_count_since_last_stored_entry
        if self._wrote_command or attempts == 0:
            return 0, timedelta(0)
        return attempts, timedelta(milliseconds=self.start.duration_since_last_stored_entry)

    def fail_run(
        self,
        id_: int,
        message: str,
        *,
        code: int = Code.INTERNAL,
        stacktrace: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        """End the attempt because a run failed and is to be retried."""
        related = self._run_command(id_)
        del self._runs[id_]
        self.fail_with(AttemptError(code, message, stacktrace, related, retry_after))

    def _run_command(self, id_: NotificationId) -> RelatedCommand:
        index, name = self._runs[id_]
        return RelatedCommand(index, name, MessageType.RUN)

    # ---- The handler's end ----

    def write_output(self, result: bytes | Failure) -> None:
        """The handler's result, or the terminal failure that it ends with."""
        command = pb.OutputCommandMessage()
        if isinstance(result, Failure):
            command.failure.CopyFrom(self._failure(result))
        else:
            command.value.content = result
        self._command(MessageType.OUTPUT, command)

    def random_seed(self) -> int:
        """The seed of the invocation's random numbers: the same in every attempt."""
        if self.version >= 6:
            return self.start.random_seed
        return int.from_bytes(sha256(self.start.id).digest()[:8], "big")

    def _failure(self, failure: Failure) -> pb.Failure:
        # v5 has no metadata; a failure without it is better than an invocation that never ends.
        return (failure if self.version >= 6 else failure._replace(metadata=())).to_message()

    def _describe(self, id_: NotificationId) -> str:
        if isinstance(id_, str):
            return f"signal '{id_}'"
        if id_ < 0:
            return f"awakeable {self._awakeable_id(-id_)}"
        run = self._runs.get(id_)
        return f"run '{run[1]}'" if run is not None else f"the result of operation {id_}"
