"""Carries the exceptions of handlers to the test that waits for them."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from restate_proto.errors import RestateError, TerminalError
from restate_proto.ingress import IngressClient
from restate_proto.ingress.requests import Operation

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from restate_proto.ingress.requests import HttpRequest
    from restate_proto.ingress.responses import HttpResponse
    from restate_proto.ingress.sender import Sender
    from restate_proto.model.payload_codec import PayloadCodec
    from restate_proto.runtime import LastFailure

__all__ = ["HandlerFailedError", "HandlerFailures", "TestClient"]

T = TypeVar("T")

_SECONDS_TO_BE_TOLD: Final = 2.0
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

    async def result_unless_failed(self, call: Coroutine[Any, Any, T]) -> T:
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
                    await asyncio.wait({task}, timeout=_SECONDS_TO_BE_TOLD)
                    if not (task.done() or failure.is_told):
                        raise self._raised_error(failure) from failure.last.error
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
        for failure in self._not_told_yet():
            raise self._raised_error(failure) from failure.last.error

    def add_notes(self, error: BaseException) -> None:
        """Add the failures that the test does not know of to the error that it ends with."""
        for failure in self._not_told_yet():
            failure.is_raised = True
            error.add_note(f"{_describe(failure)}\n{_traceback(failure)}".rstrip())

    def _not_told_yet(self) -> list[_Failure]:
        return [each for each in self._failures if not (each.is_told or each.is_raised)]

    def _failure_behind(self, error: TerminalError) -> _Failure | None:
        """The failure that Restate has passed on; of several, one that was not told yet."""
        matching = [
            each
            for each in self._failures
            if (each.last.code, each.last.message) == (error.code, error.message)
        ]
        return next((each for each in matching if not each.is_told), next(iter(matching), None))

    def _raised_error(self, failure: _Failure) -> HandlerFailedError:
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

    def __init__(
        self,
        base_url: str,
        *,
        admin_url: str,
        failures: HandlerFailures,
        payload_codec: PayloadCodec | Sequence[PayloadCodec] | None = None,
    ) -> None:
        super().__init__(base_url, admin_url=admin_url, payload_codec=payload_codec)
        ingress = _WatchingSender(self.senders.ingress, failures)
        self.senders = replace(self.senders, ingress=ingress)


class _WatchingSender:
    """Sends requests to the ingress, and waits for no result that will not come."""

    def __init__(self, sender: Sender, failures: HandlerFailures) -> None:
        self._sender = sender
        self._failures = failures

    async def send(self, request: HttpRequest) -> HttpResponse:
        sending = self._sender.send(request)
        if request.operation in _OF_RESULTS:
            return await self._failures.result_unless_failed(sending)
        return await sending

    async def close(self) -> None:
        await self._sender.close()


_OF_RESULTS: Final = frozenset({Operation.CALL, Operation.ATTACH, Operation.OUTPUT})
"""What asks for the result of an invocation."""
