"""The state machine of the official SDK for Python, which those for TypeScript and Rust share."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tests.differential.side import CANCELLED, WAITS, Ended, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from restate_proto.protocol import Failure
    from tests.differential.side import Value

__all__ = ["Official"]

core: Any = import_module("restate._internal")  # it has no types


class Official(Side):
    """The state machine of the official Python SDK, which is that of all but Java and Go."""

    def __init__(self, version: int) -> None:
        content_type = f"application/vnd.restate.invocation.v{version}"
        self._vm = core.PyVM([("content-type", content_type)])
        self.handles: list[int] = []
        self._taken: dict[int, Value] = {}

    def _checked(self, operation: Callable[..., Any], *arguments: object) -> Any:
        try:
            return operation(*arguments)
        except core.VMException:
            raise Ended from None

    def _issue(self, operation: Callable[..., Any], *arguments: object) -> None:
        self.handles.append(self._checked(operation, *arguments))

    @override
    def feed(self, data: bytes) -> None:
        self._vm.notify_input(data)

    @override
    def close_input(self) -> None:
        self._vm.notify_input_closed()

    @override
    def output(self) -> bytes:
        return self._vm.take_output()

    @property
    @override
    def is_ready(self) -> bool:
        return self._checked(self._vm.is_ready_to_execute)

    @override
    def begin(self) -> bytes:
        return bytes(self._checked(self._vm.sys_input).input)

    @override
    def get(self, key: str) -> None:
        self._issue(self._vm.sys_get_state, key)

    @override
    def keys(self) -> None:
        self._issue(self._vm.sys_get_state_keys)

    @override
    def set(self, key: str, value: bytes) -> None:
        self._checked(self._vm.sys_set_state, key, value)

    @override
    def clear(self, key: str) -> None:
        self._checked(self._vm.sys_clear_state, key)

    @override
    def clear_all(self) -> None:
        self._checked(self._vm.sys_clear_all_state)

    @override
    def sleep(self, seconds: int, name: str) -> None:
        self._issue(self._vm.sys_sleep, seconds * 1000, name)

    @override
    def call(self, key: str, value: bytes, idempotency_key: str | None) -> None:
        headers = [core.PyHeader("h", key)]
        arguments = ("Cart", "add", value, key, idempotency_key, headers)
        handle = self._checked(self._vm.sys_call, *arguments)
        self.handles += [handle.invocation_id_handle, handle.result_handle]

    @override
    def send(self, key: str, value: bytes, idempotency_key: str | None, delay: int) -> None:
        headers = [core.PyHeader("h", key)]
        time = delay * 1000 if delay else None
        self._issue(self._vm.sys_send, "Cart", "add", value, key, time, idempotency_key, headers)

    @override
    def run(self, name: str) -> None:
        self.handles.append(self._checked(self._vm.sys_run, name).handle)

    @override
    def awakeable(self) -> str:
        text, handle = self._checked(self._vm.sys_awakeable)
        self.handles.append(handle)
        return text

    @override
    def complete_awakeable(self, id_: str, result: bytes | Failure) -> None:
        if isinstance(result, bytes):
            self._checked(self._vm.sys_complete_awakeable_success, id_, result)
        else:
            self._checked(self._vm.sys_complete_awakeable_failure, id_, _failure(result))

    @override
    def signal(self, name: str) -> None:
        self._issue(self._vm.sys_signal, name)

    @override
    def send_signal(self, id_: str, name: str, result: bytes | Failure) -> None:
        if isinstance(result, bytes):
            self._checked(self._vm.sys_complete_signal_success, id_, name, result)
        else:
            self._checked(self._vm.sys_complete_signal_failure, id_, name, _failure(result))

    @override
    def cancel(self, id_: str) -> None:
        self._checked(self._vm.sys_cancel, id_)

    @override
    def attach(self, id_: str) -> None:
        self._issue(self._vm.attach_invocation, id_)

    @override
    def get_promise(self, key: str) -> None:
        self._issue(self._vm.sys_get_promise, key)

    @override
    def peek_promise(self, key: str) -> None:
        self._issue(self._vm.sys_peek_promise, key)

    @override
    def complete_promise(self, key: str, result: bytes | Failure) -> None:
        if isinstance(result, bytes):
            self._issue(self._vm.sys_complete_promise_success, key, result)
        else:
            self._issue(self._vm.sys_complete_promise_failure, key, _failure(result))

    @override
    def write_output(self, result: bytes | Failure) -> None:
        if isinstance(result, bytes):
            self._checked(self._vm.sys_write_output_success, result)
        else:
            self._checked(self._vm.sys_write_output_failure, _failure(result))

    @override
    def end(self) -> None:
        self._checked(self._vm.sys_end)

    @override
    def propose(self, index: int, result: bytes | Failure) -> None:
        handle = self.handles[index]
        if isinstance(result, bytes):
            self._checked(self._vm.propose_run_completion_success, handle, result)
        else:
            self._checked(self._vm.propose_run_completion_failure, handle, _failure(result))

    @override
    def wait(self, indices: Sequence[int]) -> object:
        if not self._vm.is_completed(core.CANCEL_NOTIFICATION_HANDLE):
            for index in indices:
                handle = self.handles[index]
                if handle in self._taken or self._vm.is_completed(handle):
                    return index, self._take(handle)
        singles = [core.PyUnresolvedFuture.single(self.handles[index]) for index in indices]
        progress = self._checked(
            self._vm.do_progress, core.PyUnresolvedFuture.first_completed(singles)
        )
        match progress:
            case core.PySuspended():
                raise Ended
            case core.PyDoProgressAnyCompleted():
                done = next(each for each in indices if self._vm.is_completed(self.handles[each]))
                return done, self._take(self.handles[done])
            case core.PyDoProgressExecuteRun():
                return self.handles.index(progress.handle)
            case core.PyDoProgressCancelSignalReceived():
                return CANCELLED
            case _:
                return WAITS

    def _take(self, handle: int) -> Value:
        if handle not in self._taken:  # it gives each value once
            self._taken[handle] = self._taken_value(handle)
        return self._taken[handle]

    def _taken_value(self, handle: int) -> Value:
        match self._checked(self._vm.take_notification, handle):
            case core.PyVoid():
                return ("void",)
            case bytes() as value:
                return "value", value
            case str() as id_:
                return "invocation_id", id_
            case core.PyStateKeys() as found:
                return "state_keys", tuple(found.keys)
            case core.PyFailure() as failure:
                metadata = tuple(sorted(failure.metadata or ()))
                return "failure", failure.code, failure.message, metadata
            case other:
                raise AssertionError(other)


def _failure(failure: Failure) -> Any:
    return core.PyFailure(failure.code, failure.message, None, list(failure.metadata) or None)
