"""Carry the exceptions of handlers to the test that waits for their results."""

from __future__ import annotations

import asyncio
import traceback
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from restate_proto.errors import RestateError, TerminalError
from restate_proto.ingress.client import IngressClient
from restate_proto.ingress.requests import Operation

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Sequence

    from restate_proto.endpoint.endpoint import Endpoint
    from restate_proto.ingress.requests import HttpRequest
    from restate_proto.ingress.responses import HttpResponse
    from restate_proto.ingress.sender import Sender, Senders
    from restate_proto.model.payload_codec import PayloadCodec
    from restate_proto.runtime import LastFailure

__all__ = ["HandlerFailedError", "HandlerFailures", "TestClient", "watching"]

T = TypeVar("T")

_SECONDS_TO_BE_TOLD: Final = 2.0
"""The seconds within which a failure has to reach a call that waits for it, through other
handlers."""


class HandlerFailedError(RestateError):
    """A handler raised an exception other than a `TerminalError`, and no call has received it.

    The exception itself, with its traceback, is the `__cause__`. It may come from the handler of a
    message, or from a handler whose caller went on after the failure. Whatever waits for something
    else then might wait for ever, so it fails instead.
    """


@dataclass(eq=False)
class _Failure:
    """A failure, and whether the test has learned of it, through a call or otherwise."""

    last: LastFailure
    is_told: bool = False
    is_raised: bool = False


class HandlerFailures:
    """The failures of handlers on an endpoint that does not retry."""

    def __init__(self) -> None:
        self._failures: list[_Failure] = []
        self._changed = asyncio.Event()

    def report(self, last: LastFailure) -> None:
        """Record that an attempt failed, and its invocation with it."""
        self._failures.append(_Failure(last))
        self._changed.set()

    async def result_unless_failed(self, call: Coroutine[Any, Any, T]) -> T:
        """Return the result of a call, unless a failure occurs that no call receives.

        Raises:
            TerminalError: the call failed; its cause is the handler's exception, if there is one.
            HandlerFailedError: the call still waits, and a handler has failed without any call
                receiving it.
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

    def watched(
        self, endpoint: Endpoint, *, retries: bool, debug: bool, replay_check: bool
    ) -> Endpoint:
        """Return an endpoint with the same services, set up for tests.

        Args:
            endpoint: the endpoint.
            retries: whether failures are retried; otherwise they end the invocation, and are
                reported here.
            debug: whether it runs in development mode.
            replay_check: whether attempts are repeated in development mode.
        """
        if debug:
            endpoint = endpoint.debugging(replay_check=replay_check)
        return endpoint if retries else endpoint.without_retries(self.report)

    @contextmanager
    def told_in_the_end(self) -> Generator[None]:
        """Make sure that the test has learned of all failures when the block is left.

        Raises:
            HandlerFailedError: the block succeeded, but there is a failure that the test has not
                learned of.
        """
        try:
            yield
        except BaseException as error:
            self._add_notes(error)
            raise
        self._raise_untold()

    def _raise_untold(self) -> None:
        """Raise the first failure that the test has not learned of, if there is one.

        Raises:
            HandlerFailedError: there is one.
        """
        for failure in self._not_told_yet():
            raise self._raised_error(failure) from failure.last.error

    def _add_notes(self, error: BaseException) -> None:
        """Add the failures that the test has not learned of to its error, as notes."""
        for failure in self._not_told_yet():
            failure.is_raised = True
            error.add_note(f"{_describe(failure)}\n{_traceback(failure)}".rstrip())

    def _not_told_yet(self) -> list[_Failure]:
        return [each for each in self._failures if not (each.is_told or each.is_raised)]

    def _failure_behind(self, error: TerminalError) -> _Failure | None:
        """Return the failure that Restate passed on; of several, preferably an unknown one."""
        matching = [
            each
            for each in self._failures
            if (each.last.code, each.last.message) == (error.code, error.message)
        ]
        return next((each for each in matching if not each.is_told), next(iter(matching), None))

    def _raised_error(self, failure: _Failure) -> HandlerFailedError:
        failure.is_raised = True
        error = HandlerFailedError(_describe(failure))
        self._add_notes(error)
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
        self.senders = watching(self.senders, failures)


def watching(senders: Senders, failures: HandlerFailures) -> Senders:
    """Return senders whose calls end when a handler has failed.

    Args:
        senders: the senders to wrap.
        failures: the failures of handlers.
    """
    return replace(senders, ingress=_WatchingSender(senders.ingress, failures))


class _WatchingSender:
    """Sends requests to the ingress, and does not wait for results that will not come."""

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
"""The operations that ask for the result of an invocation."""
