"""Call the hooks of interceptors for one attempt: around the handler, its runs and its calls."""

from __future__ import annotations

from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from restate_proto.headers import Headers
from restate_proto.logs import get_logger
from restate_proto.model.hooks import nest
from restate_proto.model.intercepted import AttemptInfo, HandlerCall, OutgoingCall, RunCall
from restate_proto.model.target import Target
from restate_proto.runtime.context import operations_of
from restate_proto.runtime.located_journal import LocatedMachine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence

    from restate_proto.model.hooks import Hooks
    from restate_proto.model.intercepted import EndedAttempt
    from restate_proto.protocol import Input
    from restate_proto.runtime.context import Context
    from restate_proto.runtime.operations import Run

__all__ = ["InterceptedMachine", "Interception", "intercepted"]

_log = get_logger("restate_proto")


class InterceptedMachine(LocatedMachine):
    """A state machine that keeps the headers of the invocation's caller.

    Attributes:
        headers: the headers; empty before the input is read.
    """

    __slots__ = ("headers",)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.headers: tuple[tuple[str, str], ...] = ()

    @override
    def read_input(self) -> Input:
        input_ = super().read_input()
        self.headers = input_.headers
        return input_


class Interception:
    """The hooks of one attempt.

    Args:
        hooks: the hooks of the endpoint.
        handler: the handler's name, as `shop.v1.Cart/AddTicket`.
        machine: the attempt's state machine.
        attempt_headers: the headers of the HTTP request that the attempt came in.
        is_repetition: whether development mode repeats the attempt as a check.
    """

    __slots__ = (
        "_attempt_headers",
        "_handler",
        "_hooks",
        "_info",
        "_is_repetition",
        "_machine",
    )

    def __init__(
        self,
        hooks: Hooks,
        handler: str,
        machine: InterceptedMachine,
        attempt_headers: Sequence[tuple[bytes, bytes]],
        *,
        is_repetition: bool,
    ) -> None:
        self._hooks = hooks
        self._handler = handler
        self._machine = machine
        self._attempt_headers = attempt_headers
        self._is_repetition = is_repetition
        self._info: AttemptInfo | None = None

    @property
    def info(self) -> AttemptInfo:
        """What hooks are told of the attempt."""
        if self._info is None:
            start = self._machine.journal.start
            service, _, name = self._handler.rpartition("/")
            scope = start.scope if start.HasField("scope") else None
            self._info = AttemptInfo(
                start.debug_id,
                Target(service, name, start.key or None, scope),
                start.retry_count_since_last_stored_entry + 1,
                start.known_entries,
                Headers(self._machine.headers),
                Headers(self._attempt_headers),
                self._is_repetition,
            )
        return self._info

    def handler(
        self, context: Context, request: Any, method: Callable[[Any, Any], Awaitable[Any]]
    ) -> Awaitable[Any]:
        """Run a handler inside its hooks."""
        call = HandlerCall(self.info, context, request)
        hooks = (each.handler for each in self._hooks.handler)
        return nest(hooks, call, partial(method, context, request))

    def run(
        self, run: Run, function: Callable[[Run], Coroutine[Any, Any, Any]]
    ) -> Coroutine[Any, Any, Any]:
        """Execute the function of a `ctx.run` inside its hooks."""
        if not self._hooks.run:
            return function(run)
        retries, _ = self._machine.commands.run_history()
        call = RunCall(self.info, run.name, retries)
        return _awaiting(nest, (each.run for each in self._hooks.run), call, partial(function, run))

    def call(
        self, target: Target, headers: Iterable[tuple[str, str]], *, is_message: bool
    ) -> Iterable[tuple[str, str]]:
        """Return the headers of a call or message of the handler, with those that hooks add."""
        if not self._hooks.call:
            return headers
        call = OutgoingCall(self.info, target, is_message, dict(headers))
        for each in self._hooks.call:
            each.call(call)
        return call.headers.items()

    def ended(self, ended: EndedAttempt) -> None:
        """Tell the hooks that the attempt has ended."""
        for each in self._hooks.attempt_ended:
            try:
                each.attempt_ended(ended)
            except Exception as error:  # noqa: BLE001 - the attempt is over: nothing depends on a hook
                name = f"{type(each).__qualname__}.attempt_ended"
                id_ = ended.attempt.invocation_id
                _log.error("%s failed, for invocation %s", name, id_, exc_info=error)


async def _awaiting(function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
    return await function(*args)


def intercepted(
    method: Callable[[Any, Any], Coroutine[Any, Any, Any]],
) -> Callable[[Any, Any], Coroutine[Any, Any, Any]]:
    """Wrap a handler's method in the hooks of the attempt that its context belongs to."""

    @wraps(method)
    async def call(context: Context, request: Any) -> Any:
        interception = operations_of(context).interception
        assert interception is not None, "a handler with hooks in an attempt without"
        return await interception.handler(context, request, method)

    return call
