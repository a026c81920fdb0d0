"""The state machine of this project."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from restate_proto.model.target import Target
from restate_proto.protocol import (
    CANCEL_SIGNAL,
    AttemptEnded,
    Await,
    Combinator,
    Failure,
    InvocationTarget,
    NotificationId,
    Phase,
    Result,
    ResultKind,
    StateMachine,
)
from tests.differential.side import CANCELLED, WAITS, Ended, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.differential.side import Value

__all__ = ["Ours"]


def _now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


class Ours(Side):
    """The state machine of this project."""

    def __init__(self, version: int) -> None:
        self.machine = StateMachine(version)
        self.handles: list[NotificationId | Result] = []
        self._results: dict[NotificationId, Result] = {}
        self._runs: dict[NotificationId, int] = {}  # that are to be executed
        self.chosen_run: int | None = None  # by the official one, which takes any of those awaited
        self.awaits_cancellation = True

    def _checked(self, operation: Callable[[], Any]) -> Any:
        try:
            return operation()
        except AttemptEnded:
            raise Ended from None

    def _issue(self, operation: Callable[[], NotificationId | Result]) -> None:
        self.handles.append(self._checked(operation))

    @override
    def feed(self, data: bytes) -> None:
        self.machine.feed(data)

    @override
    def close_input(self) -> None:
        self.machine.close_input()

    @override
    def output(self) -> bytes:
        return self.machine.journal.take_output()

    @property
    @override
    def is_ready(self) -> bool:
        if self.machine.journal.phase is Phase.CLOSED:
            raise Ended
        return self.machine.is_ready

    @override
    def begin(self) -> bytes:
        return self._checked(self.machine.read_input).payload

    @override
    def get(self, key: str) -> None:
        self._issue(lambda: self.machine.commands.state.get(key))
        self._count_eager_read()

    @override
    def keys(self) -> None:
        self._issue(self.machine.commands.state.keys)
        self._count_eager_read()

    def _count_eager_read(self) -> None:
        if isinstance(self.handles[-1], Result):
            self.machine.journal.last_completion_id += 1  # see `KNOWN`

    @override
    def set(self, key: str, value: bytes) -> None:
        self._checked(lambda: self.machine.commands.state.set(key, value))

    @override
    def clear(self, key: str) -> None:
        self._checked(lambda: self.machine.commands.state.clear(key))

    @override
    def clear_all(self) -> None:
        self._checked(self.machine.commands.state.clear_all)

    @override
    def sleep(self, seconds: int, name: str) -> None:
        self._issue(lambda: self.machine.commands.sleep(_now() + seconds * 1000, name))

    @override
    def call(self, key: str, value: bytes, idempotency_key: str | None) -> None:
        target = Target("Cart", "add", key)
        self.handles += self._checked(
            lambda: self.machine.commands.call(target, value, [("h", key)], idempotency_key)
        )

    @override
    def send(self, key: str, value: bytes, idempotency_key: str | None, delay: int) -> None:
        target, time = Target("Cart", "add", key), _now() + delay * 1000 if delay else 0
        self._issue(
            lambda: self.machine.commands.send(
                target, value, [("h", key)], idempotency_key, invoke_time=time
            )
        )

    @override
    def run(self, name: str) -> None:
        id_, is_to_be_executed = self._checked(lambda: self.machine.commands.run(name))
        if is_to_be_executed:
            self._runs[id_] = len(self.handles)
        self.handles.append(id_)

    @override
    def awakeable(self) -> str:
        text, id_ = self._checked(self.machine.commands.awakeable)
        self.handles.append(id_)
        return text

    @override
    def complete_awakeable(self, id_: str, result: bytes | Failure) -> None:
        self._checked(lambda: self.machine.commands.complete_awakeable(id_, result))

    @override
    def signal(self, name: str) -> None:
        self.handles.append(name)

    @override
    def send_signal(self, id_: str, name: str, result: bytes | Failure) -> None:
        self._checked(lambda: self.machine.commands.send_signal(id_, name, result))

    @override
    def cancel(self, id_: str) -> None:
        self._checked(lambda: self.machine.commands.cancel_invocation(id_))

    @override
    def attach(self, id_: str) -> None:
        self._issue(lambda: self.machine.commands.attach(InvocationTarget(id_)))

    @override
    def get_promise(self, key: str) -> None:
        self._issue(lambda: self.machine.commands.get_promise(key))

    @override
    def peek_promise(self, key: str) -> None:
        self._issue(lambda: self.machine.commands.peek_promise(key))

    @override
    def complete_promise(self, key: str, result: bytes | Failure) -> None:
        self._issue(lambda: self.machine.commands.complete_promise(key, result))

    @override
    def write_output(self, result: bytes | Failure) -> None:
        self._checked(lambda: self.machine.commands.write_output(result))

    @override
    def end(self) -> None:
        self._checked(self.machine.journal.end)

    @override
    def propose(self, index: int, result: bytes | Failure) -> None:
        id_ = self.handles[index]
        assert isinstance(id_, int)
        del self._runs[id_]
        self._checked(lambda: self.machine.commands.propose_run(id_, result))

    @override
    def wait(self, indices: Sequence[int]) -> object:
        return self._checked(lambda: self._wait(indices))

    def _wait(self, indices: Sequence[int]) -> object:
        waiting = self.machine.waiting
        while True:
            if waiting.cancel_requested:
                if not waiting.calls_without_id():
                    waiting.cancel_requested = self.awaits_cancellation = False
                    self.machine.commands.cancel_calls()
                    return CANCELLED
            else:
                done = next((each for each in indices if self._result(each)), None)
                if done is not None:
                    return done, _value(self._result(done))
            notification = waiting.poll()
            if notification is None:
                break
            self._results.setdefault(*notification)
        if waiting.cancel_requested:
            tree = Await(Combinator.FIRST_COMPLETED, list(waiting.calls_without_id()))
        else:
            ids = [self.handles[index] for index in indices]
            if self.machine.journal.phase is Phase.PROCESSING:
                runs = [run for id_, run in self._runs.items() if id_ in ids]
                if runs:
                    return self.chosen_run if self.chosen_run in runs else min(runs)
            awaited: list[Any] = [*ids, *([CANCEL_SIGNAL] if self.awaits_cancellation else [])]
            tree = Await(Combinator.FIRST_COMPLETED, awaited)
        waiting.park(tree, executing=False)
        return WAITS

    def _result(self, index: int) -> Result | None:
        handle = self.handles[index]
        return handle if isinstance(handle, Result) else self._results.get(handle)


def _value(result: Result | None) -> Value:
    assert result is not None
    if result.kind is ResultKind.FAILURE:
        failure: Failure = result.value
        return "failure", failure.code, failure.message, tuple(sorted(failure.metadata))
    if result.kind is ResultKind.VOID:
        return ("void",)
    return result.kind.value, result.value
