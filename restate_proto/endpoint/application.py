"""What answers the requests of an endpoint, whichever host receives them."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.endpoint.lifespan import alive
from restate_proto.endpoint.routes import Routes
from restate_proto.model.hooks import Hooks
from restate_proto.runtime import Attempt, Runtime

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from restate_proto.endpoint.discovery import Discovery
    from restate_proto.endpoint.identity import RequestIdentity
    from restate_proto.endpoint.lifespan import Lifespan
    from restate_proto.endpoint.serde_preview import SerdePreview
    from restate_proto.model.interceptors import Interceptor
    from restate_proto.model.service import ServiceBase
    from restate_proto.runtime import BoundHandler, Scheduling

__all__ = ["Application"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The services of an endpoint, with all that answers requests for them.

    Args:
        services: the services; those that are asynchronous context managers are entered.
        handlers: the handlers by `/invoke/{service}/{handler}`, without interceptors.
        discovery: answers discovery.
        preview: answers serde preview.
        identity: verifies signatures; None accepts every request.
        interceptors: observe or change invocations, the outermost first.
        lifespan: makes the context around everything.
        scheduling: the clock, the threads and the time that handlers get.
        expose_tracebacks: whether Restate gets the tracebacks of exceptions.
        debug: whether development mode is on.
        repeats: whether development mode repeats attempts that end or are suspended.
    """

    services: tuple[ServiceBase, ...]
    handlers: Mapping[str, BoundHandler]
    discovery: Discovery
    preview: SerdePreview
    identity: RequestIdentity | None
    interceptors: tuple[Interceptor, ...]
    lifespan: Lifespan | None
    scheduling: Scheduling
    expose_tracebacks: bool
    debug: bool
    repeats: bool = True

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Routes]:
        """Set up what attempts need in the running event loop.

        Yields:
            The routes, which answer requests.

        Raises:
            LifespanError: the lifespan or a service could not be set up.
        """
        async with alive(self.lifespan, self.services):
            runtime = Runtime(
                asyncio.get_running_loop(),
                self.scheduling,
                expose_tracebacks=self.expose_tracebacks,
            )
            new_attempt = Attempt
            if self.interceptors:
                from restate_proto.runtime.intercepted_attempt import InterceptedAttempt  # noqa: PLC0415 - only with hooks

                new_attempt = InterceptedAttempt
            debugger = None
            if self.debug:
                from restate_proto.runtime.debug import Debugger  # noqa: PLC0415 - only in debug mode

                debugger = Debugger(runtime, repeats=self.repeats)
                new_attempt = debugger.attempt
            try:
                yield Routes(
                    self._intercepted_handlers(),
                    self.discovery,
                    self.preview,
                    runtime,
                    new_attempt,
                    self.identity,
                )
            finally:
                await runtime.cleanups.finished()
                if debugger is not None:
                    debugger.close()

    @asynccontextmanager
    async def open_handlers(
        self, *, lifespan: bool = True
    ) -> AsyncGenerator[Mapping[str, BoundHandler]]:
        """Set up what handlers need, for callers that run them on journals of their own.

        Args:
            lifespan: whether to enter the lifespan, and services that are asynchronous context
                managers.

        Yields:
            The handlers by their names, such as `shop.v1.Cart/AddTicket`.

        Raises:
            LifespanError: the lifespan or a service could not be set up.
        """
        async with alive(self.lifespan, self.services) if lifespan else nullcontext():
            yield {each.name: each for each in self._intercepted_handlers().values()}

    def _intercepted_handlers(self) -> Mapping[str, BoundHandler]:
        if not self.interceptors:
            return self.handlers
        hooks = Hooks("Endpoint", self.interceptors)
        return {path: each.intercepted(hooks) for path, each in self.handlers.items()}
