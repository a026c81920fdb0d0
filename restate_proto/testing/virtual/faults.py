"""Inject faults: cut off attempts, and make runs fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from typing_extensions import override

from restate_proto.errors import RestateError
from restate_proto.model.interceptors import Interceptor
from restate_proto.testing.virtual.processor import stored_order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from restate_proto.model.intercepted import EndedAttempt, RunCall
    from restate_proto.testing.virtual.invocation import Invocation

__all__ = ["Faults", "InjectedError"]


class InjectedError(RestateError):
    """The error of a run that the test wanted to fail."""


class Faults(Interceptor):
    """The faults to inject, and what became of attempts.

    Args:
        state: how much of an object's state an attempt is sent.

    Attributes:
        crash_at: the length of the journal at which an attempt is cut off, once.
        failing_runs: how often runs are to fail, by their names.
        running: how many functions of runs are being executed.
        errors: the exception that ended the last attempt of an invocation, by the invocation's id.
    """

    def __init__(self, state: Literal["eager", "partial", "lazy"] = "eager") -> None:
        self._state = state
        self.crash_at: int | None = None
        self.failing_runs: dict[str, int] = {}
        self.running = 0
        self.errors: dict[str, BaseException] = {}

    # ---- On the server ----

    def crashes(self, invocation: Invocation) -> bool:
        """Tell whether to cut off the attempt of an invocation now."""
        if self.crash_at is None or len(invocation.journal) < self.crash_at:
            return False
        self.crash_at = None
        return True

    def loses_result(self, invocation: Invocation) -> bool:
        """Tell whether to cut off an attempt before the result of its run is stored."""
        del invocation
        return False

    def known_state(self, state: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
        """Return the part of a state that an attempt is sent; it has to ask for the rest."""
        known = {"eager": len(state), "partial": len(state) // 2, "lazy": 0}[self._state]
        return {key: state[key] for key in stored_order(state)[:known]}

    # ---- In the endpoint ----

    @override
    async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        """Execute the function of a run, or make it fail."""
        self.running += 1
        try:
            await self.before_run(call)
            return await call_next()
        finally:
            self.running -= 1

    async def before_run(self, call: RunCall) -> None:
        """Decide what goes wrong with a run whose function is about to be executed.

        Raises:
            InjectedError: the run is to fail.
        """
        times = self.failing_runs.get(call.name, 0)
        if times:
            self.failing_runs[call.name] = times - 1
            raise InjectedError(f"the test has ctx.run({call.name!r}) fail")

    @override
    def attempt_ended(self, ended: EndedAttempt) -> None:
        """Record how an attempt has ended."""
        if ended.error is not None:
            self.errors[ended.attempt.invocation_id] = ended.error
