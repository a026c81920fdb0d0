"""Carries the exceptions of handlers to the test that waits for them."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from restate_proto.errors import RestateError, TerminalError
from restate_proto.ingress import IngressClient
from restate_proto.ingress.core import IngressCore

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from restate_proto.runtime import LastFailure

__all__ = ["HandlerFailedError", "HandlerFailures", "TestClient"]

T = TypeVar("T")

_PATIENCE: Final = 2.0
"""The seconds that a failure has to come to a call that waits for it, over other handlers maybe."""


class HandlerFailedError(RestateError):
    """A handler raised an exception that is no `TerminalError`, and no call has been told of it.

    The exception itself, with its traceback, is the `__cause__`. It may be that of a message that
    was sent, or of a handler whose caller went on after its failure: what then waits for something
    else might wait for ever.
    """


@dataclass(eq=False)
class _Failure:
    """A failure, and whether a call has been told of it, or the test in another way."""

    last: LastFailure
    is_told: bool = False
    is_raised: bool = False


class HandlerFailures:
    """What has failed in the handlers of an endpoint that does not retry."""

    def __init__(self) -> None:
        self._failures: list[_Failure] = []
        self._changed = asyncio.Event()

    def report(self, last: LastFailure) -> None:
        """An attempt failed, and its invocation with it."""
        self._failures.append(_Failure(last))
        self._changed.set()

    async def awaited(self, call: Coroutine[Any, Any, T]) -> T:
        """The result of a call, which does not outlast a failure that nobody is told of.

        Raises:
            TerminalError: the call failed; from the handler's exception, if that is why.
            HandlerFailedError: the call waits, a handler has failed, and no call had that failure.
        """
        task = asyncio.ensure_future(call)
        try:
            while not task.done():
                failure = next((each for each in self._failures if not each.is_told), None)
                if failure is not None:
                    await asyncio.wait({task}, timeout=_PATIENCE)
                    if not (task.done() or failure.is_told):
                        raise self._error(failure) from failure.last.error
                    continue
                self._changed.clear()
                noted = asyncio.ensure_future(self._changed.wait())
                try:
                    await asyncio.wait({task, noted}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    noted.cancel()
            return task.result()
        except TerminalError as error:
            failure = self._failure_behind(error)
            if failure is None:
                raise
            failure.is_told = True
            raise error from failure.last.error
        finally:
            task.cancel()

    def raise_untold(self) -> None:
        """Raise the first failure that the test does not know of.

        Raises:
            HandlerFailedError: there is one.
        """
        for failure in self._untold():
            raise self._error(failure) from failure.last.error

    def add_notes(self, error: BaseException) -> None:
        """Add the failures that the test does not know of to the error that it ends with."""
        for failure in self._untold():
            failure.is_raised = True
            error.add_note(f"{_describe(failure)}\n{_traceback(failure)}".rstrip())

    def _untold(self) -> list[_Failure]:
        return [each for each in self._failures if not (each.is_told or each.is_raised)]

    def _failure_behind(self, error: TerminalError) -> _Failure | None:
        """The failure that Restate has passed on; of several, one that was not told yet."""
        matching = [
            each
            for each in self._failures
            if (each.last.code, each.last.message) == (error.code, error.message)
        ]
        return next((each for each in matching if not each.is_told), next(iter(matching), None))

    def _error(self, failure: _Failure) -> HandlerFailedError:
        failure.is_raised = True
        error = HandlerFailedError(_describe(failure))
        self.add_notes(error)
        return error


def _describe(failure: _Failure) -> str:
    last = failure.last
    return (
        f"{last.handler}, invocation {last.invocation_id}, failed: [{last.code}] {last.message};"
        " for a test of retries: restate_environment(..., retries=True)"
    )


def _traceback(failure: _Failure) -> str:
    error = failure.last.error
    return "" if error is None else "".join(traceback.format_exception(error))


class TestClient(IngressClient):
    """An `IngressClient` whose calls end when a handler has failed."""

    __test__ = False  # pytest collects classes of this name

    def __init__(self, base_url: str, *, admin_url: str, failures: HandlerFailures) -> None:
        super().__init__(base_url, admin_url=admin_url)
        self.core = _Core(self.core, failures)


class _Core(IngressCore):
    def __init__(self, core: IngressCore, failures: HandlerFailures) -> None:
        super().__init__(core.ingress, core.admin)
        self._failures = failures

    async def call(self, *args: Any, **kwargs: Any) -> Any:
        return await self._failures.awaited(super().call(*args, **kwargs))

    async def attach(self, *args: Any, **kwargs: Any) -> Any:
        return await self._failures.awaited(super().attach(*args, **kwargs))

    async def output(self, *args: Any, **kwargs: Any) -> Any:
        return await self._failures.awaited(super().output(*args, **kwargs))
