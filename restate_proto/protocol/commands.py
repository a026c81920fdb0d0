"""The commands that a handler issues, one method for each; those of its state are in `state.py`.

A method whose command has a result returns the id of the notification that will bring it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from restate_proto.protocol.addresses import address, identify, require_v7
from restate_proto.protocol.empty_dict import EMPTY_DICT
from restate_proto.protocol.errors import AttemptError, Code, ErrorBehavior, Failure
from restate_proto.protocol.frames import REQUESTED_ACK
from restate_proto.protocol.ids import awakeable_id
from restate_proto.protocol.messages import MessageType
from restate_proto.protocol.notifications import Result, ResultKind
from restate_proto.protocol.phases import Phase, Rule
from restate_proto.protocol.state import State
from restate_proto.protocol.wire import before_value, varint
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Collection

    from restate_proto.model.target import Target
    from restate_proto.protocol.addresses import Headers, InvocationTarget
    from restate_proto.protocol.journal import Journal
    from restate_proto.protocol.notifications import NotificationId
    from restate_proto.protocol.waiting import Waiting

    Completing: TypeAlias = (
        pb.CompleteAwakeableCommandMessage
        | pb.CompletePromiseCommandMessage
        | pb.OutputCommandMessage
        | pb.SendSignalCommandMessage
    )

__all__ = ["Commands"]

_INVOCATION_ID = ResultKind.INVOCATION_ID
_CLOSED, _WRITE = Phase.CLOSED, Rule.WRITE

_VALUE = 0x72
"""The tag of `OutputCommandMessage.value`."""


class Commands:
    """The commands of one attempt: everything that a handler can do durably, except with its state.

    In each method, `name` is what Restate's UI shows for the journal entry, in addition to the kind
    of entry. Each method that issues a command raises `MessageTooLargeError`, and `AttemptEnded` if
    the attempt is over. The attempt may also end in the method itself, if the command differs from
    the journal.

    Args:
        journal: the journal that records the commands.
        waiting: the notifications, which bring their results.

    Attributes:
        state: the commands that read and write state.
    """

    __slots__ = ("_journal", "_waiting", "state")

    def __init__(self, journal: Journal, waiting: Waiting) -> None:
        self._journal = journal
        self._waiting = waiting
        self.state = State(journal, waiting)

    # ---- Other invocations ----

    def call(
        self,
        target: Target,
        parameter: bytes,
        headers: Headers = (),
        idempotency_key: str | None = None,
        limit_key: str | None = None,
        name: str = "",
    ) -> tuple[int, int]:
        """Call a handler; return the notification ids of its invocation id and of its result."""
        journal = self._journal
        id_notification = journal.last_completion_id + 1
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
        address(journal, command, target.scope, idempotency_key, limit_key, headers)
        journal.issue(MessageType.CALL, command, name, 2)
        waiting = self._waiting
        if waiting.pending_calls is EMPTY_DICT:
            waiting.pending_calls = {}
        waiting.pending_calls[id_notification] = None
        return id_notification, result

    def spare(self, id_notification: int) -> None:
        """Leave a call running when the invocation is cancelled.

        Args:
            id_notification: the notification id of its invocation id.
        """
        self._waiting.pending_calls.pop(id_notification, None)
        self._waiting.expect(id_notification, _INVOCATION_ID)

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
        """Send a one-way message; return the notification id of its invocation id.

        Args:
            target: the handler.
            parameter: the payload.
            headers: its headers.
            idempotency_key: its idempotency key, if any.
            limit_key: its limit key, if any (v7).
            invoke_time: when to deliver it, in milliseconds since the Unix epoch; 0 means at once.
            name: the name that Restate's UI shows for the entry.
        """
        journal = self._journal
        id_notification = journal.last_completion_id + 1
        command = pb.OneWayCallCommandMessage(
            service_name=target.service_name,
            handler_name=target.handler_name,
            key=target.key or "",
            parameter=parameter,
            invoke_time=invoke_time,
            invocation_id_notification_idx=id_notification,
            name=name,
        )
        address(journal, command, target.scope, idempotency_key, limit_key, headers)
        journal.issue(MessageType.ONE_WAY_CALL, command, name, 1)
        self._waiting.expect(id_notification, _INVOCATION_ID)
        return id_notification

    def attach(self, invocation: InvocationTarget, name: str = "") -> int:
        """Attach to an invocation; return the notification id of its result."""
        result = self._journal.last_completion_id + 1
        command = pb.AttachInvocationCommandMessage(result_completion_id=result, name=name)
        identify(self._journal, command, invocation)
        self._journal.issue(MessageType.ATTACH_INVOCATION, command, name, 1)
        return result

    def get_output(self, invocation: InvocationTarget, name: str = "") -> int:
        """Ask for an invocation's result without waiting for it; return the notification id."""
        result = self._journal.last_completion_id + 1
        command = pb.GetInvocationOutputCommandMessage(result_completion_id=result, name=name)
        identify(self._journal, command, invocation)
        self._journal.issue(MessageType.GET_INVOCATION_OUTPUT, command, name, 1)
        return result

    def cancel_invocation(self, invocation_id: str, name: str = "") -> None:
        """Send the cancel signal to an invocation."""
        command = pb.SendSignalCommandMessage(
            target_invocation_id=invocation_id, idx=pb.CANCEL, entry_name=name
        )
        command.void.SetInParent()
        self._journal.issue(MessageType.SEND_SIGNAL, command, name)

    def cancel_calls(self, spared: Collection[NotificationId] = ()) -> None:
        """Cancel every call that has no result, because the invocation itself is cancelled.

        Args:
            spared: the notification ids of the results of calls to leave running.
        """
        calls = self._waiting.pending_calls
        for id_, invocation_id in list(calls.items()):
            if invocation_id is not None and id_ + 1 not in spared:
                del calls[id_]
                self.cancel_invocation(invocation_id)

    def send_signal(
        self, invocation_id: str, signal: str, result: bytes | Failure, name: str = ""
    ) -> None:
        """Send a named signal to an invocation.

        Args:
            invocation_id: the invocation.
            signal: the signal's name.
            result: its value or its failure.
            name: the name that Restate's UI shows for the entry.
        """
        command = pb.SendSignalCommandMessage(
            target_invocation_id=invocation_id, name=signal, entry_name=name
        )
        self._complete(command, result)
        self._journal.issue(MessageType.SEND_SIGNAL, command, name)

    # ---- Runs ----

    def run(self, name: str, *, may_pause: bool = False) -> tuple[int, bool]:
        """Begin a side effect.

        Args:
            name: its name.
            may_pause: whether its failure may pause the invocation (v7).

        Returns:
            Its notification id, and whether its function has to be executed, which it has not if
            the journal has its result.
        """
        journal = self._journal
        if may_pause:
            require_v7(journal, "on_max_attempts=OnMaxAttempts.PAUSE")
        result = journal.last_completion_id + 1
        command = pb.RunCommandMessage(result_completion_id=result, name=name)
        journal.issue(MessageType.RUN, command, name, 1)
        waiting = self._waiting
        if result in waiting.arrived:
            return result, False
        if waiting.runs is EMPTY_DICT:
            waiting.runs = {}
        waiting.runs[result] = journal.command_index, name
        return result, True

    def propose_run(self, id_: int, result: bytes | Failure) -> None:
        """Propose the result of a run to Restate, which stores it.

        Args:
            id_: the run's notification id.
            result: its failure; or its value, already encoded by the payload codecs.
        """
        del self._waiting.runs[id_]
        journal = self._journal
        if journal.phase.on_run_result is not _WRITE:
            return  # the attempt has ended; the next one executes the run again
        if journal.payloads is not None and isinstance(result, Failure):
            result = journal.payloads.encode_failure(result)
        flags = 0
        if journal.version >= 7:
            flags = REQUESTED_ACK
            kind = ResultKind.FAILURE if isinstance(result, Failure) else ResultKind.VALUE
            waiting = self._waiting
            if waiting.proposals is None:
                waiting.proposals = {}
            waiting.proposals[id_] = Result(kind, result)
        if isinstance(result, Failure):
            failure = self._failure(result).to_message()
            message = pb.ProposeRunCompletionMessage(result_completion_id=id_, failure=failure)
            journal.send(MessageType.PROPOSE_RUN_COMPLETION, message, flags)
        else:
            size = len(result)
            if id_ < 0x80 and size < 0x80:
                before = bytes((0x08, id_, 0x72, size))
            else:
                before = b"\x08%b\x72%b" % (varint(id_), varint(size))
            journal.send_payload(MessageType.PROPOSE_RUN_COMPLETION, before, result, flags)

    def run_history(self) -> tuple[int, timedelta]:
        """Return how often the run that failed now was attempted before, and for how long.

        Restate counts the retries since the last stored entry. So its count is that of this run
        only as long as this attempt has stored nothing new.
        """
        start = self._journal.start
        attempts = start.retry_count_since_last_stored_entry
        if self._journal.has_written_command or attempts == 0:
            return 0, timedelta(0)
        return attempts, timedelta(milliseconds=start.duration_since_last_stored_entry)

    def fail_run(
        self,
        id_: int,
        message: str,
        *,
        code: int = Code.INTERNAL,
        stacktrace: str = "",
        retry_after: timedelta | None = None,
        behavior: ErrorBehavior = ErrorBehavior.RETRY,
    ) -> None:
        """End the attempt because a run failed; it is retried, or paused until a person acts."""
        related = self._waiting.run_command(id_)
        del self._waiting.runs[id_]
        self._journal.fail_with(
            AttemptError(code, message, stacktrace, related, retry_after, behavior)
        )

    # ---- Timers and randomness ----

    def sleep(self, wake_up_time: int, name: str = "") -> int:
        """Start a timer that ends at a time in milliseconds since the Unix epoch; return its id."""
        result = self._journal.last_completion_id + 1
        command = pb.SleepCommandMessage(
            wake_up_time=wake_up_time, result_completion_id=result, name=name
        )
        self._journal.issue(MessageType.SLEEP, command, name, 1)
        return result

    def random_seed(self) -> int:
        """Return the seed of the invocation's random numbers, the same in every attempt."""
        start = self._journal.start
        if self._journal.version >= 6:
            return start.random_seed
        from hashlib import sha256  # noqa: PLC0415 - only v5 needs it

        return int.from_bytes(sha256(start.id).digest()[:8], "big")

    # ---- Awakeables ----

    def awakeable(self) -> tuple[str, NotificationId]:
        """Make an awakeable; return the id that others complete it by, and its notification id."""
        journal = self._journal
        if journal.phase is _CLOSED:
            journal.refuse()
        index = journal.last_signal_index + 1
        id_ = awakeable_id(journal.start.id, index)
        journal.last_signal_index = index
        return id_, -index

    def complete_awakeable(self, id_: str, result: bytes | Failure, name: str = "") -> None:
        """Resolve or reject another invocation's awakeable."""
        command = pb.CompleteAwakeableCommandMessage(awakeable_id=id_, name=name)
        self._complete(command, result)
        self._journal.issue(MessageType.COMPLETE_AWAKEABLE, command, name)

    # ---- Promises ----

    def get_promise(self, key: str, name: str = "") -> int:
        """Wait for a promise of this workflow; return the notification id."""
        result = self._journal.last_completion_id + 1
        command = pb.GetPromiseCommandMessage(key=key, result_completion_id=result, name=name)
        self._journal.issue(MessageType.GET_PROMISE, command, name, 1)
        return result

    def peek_promise(self, key: str, name: str = "") -> int:
        """Ask for a promise's value without waiting for it; return the notification id."""
        result = self._journal.last_completion_id + 1
        command = pb.PeekPromiseCommandMessage(key=key, result_completion_id=result, name=name)
        self._journal.issue(MessageType.PEEK_PROMISE, command, name, 1)
        return result

    def complete_promise(self, key: str, completion: bytes | Failure, name: str = "") -> int:
        """Resolve or reject a promise; return the notification id of the outcome."""
        result = self._journal.last_completion_id + 1
        command = pb.CompletePromiseCommandMessage(key=key, result_completion_id=result, name=name)
        self._complete(command, completion, "completion_value", "completion_failure")
        self._journal.issue(MessageType.COMPLETE_PROMISE, command, name, 1)
        return result

    # ---- The handler's end ----

    def write_output(self, result: bytes | Failure) -> None:
        """Write the handler's result, or the terminal failure that it ends with."""
        journal = self._journal
        if isinstance(result, bytes) and journal.payloads is None:
            journal.issue_payload(MessageType.OUTPUT, before_value(_VALUE, len(result)), result)
            return
        command = pb.OutputCommandMessage()
        self._complete(command, result)
        journal.issue(MessageType.OUTPUT, command)

    # ---- A value or a failure ----

    def _complete(
        self,
        message: Completing,
        result: bytes | Failure,
        value: str = "value",
        failure: str = "failure",
    ) -> None:
        """Put a result into a message: into its field for values, or into that for failures."""
        if isinstance(result, Failure):
            getattr(message, failure).CopyFrom(self._failure(result).to_message())
        else:
            getattr(message, value).content = result

    def _failure(self, failure: Failure) -> Failure:
        """Return a failure as this version of the protocol can express it.

        Before v6, failures have no metadata. Dropping it is better than an invocation that never
        ends.
        """
        return failure if self._journal.version >= 6 else failure._replace(metadata=())
