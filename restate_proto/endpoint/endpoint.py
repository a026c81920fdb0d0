"""The endpoint: what a user serves."""

from __future__ import annotations

import asyncio
import signal
import ssl
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from datetime import timedelta
from os import PathLike
from socket import socket
from typing import TYPE_CHECKING, Any

from restate_proto.endpoint.addresses import parse_address
from restate_proto.endpoint.asgi import AsgiApp
from restate_proto.endpoint.aws_lambda import LambdaHandler
from restate_proto.endpoint.binding import bind
from restate_proto.endpoint.contract_metadata import described_with_contract
from restate_proto.endpoint.discovery import Discovery
from restate_proto.endpoint.event_loop import on_signal, run_until_done
from restate_proto.endpoint.identity import is_loopback, request_identity, warn_of_strangers
from restate_proto.endpoint.lifespan import alive, check_lifespan
from restate_proto.endpoint.limits import Limits
from restate_proto.endpoint.routes import Routes
from restate_proto.endpoint.running_endpoint import RunningEndpoint
from restate_proto.endpoint.serde_preview import SerdePreview
from restate_proto.endpoint.tls import tls_context
from restate_proto.endpoint.validation import Validation
from restate_proto.http2 import Server, engine_name
from restate_proto.model.arguments import DURATION, wrong_type
from restate_proto.model.hooks import Hooks
from restate_proto.model.payload_codec import payload_codecs
from restate_proto.model.retry import OnJournalMismatch
from restate_proto.protocol import MAX_VERSION, MIN_VERSION
from restate_proto.runtime import DEFAULT_RUN_THREADS, Attempt, InterceptedAttempt, Runtime
from restate_proto.runtime.debug import Debugger

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from restate_proto.endpoint.lifespan import Lifespan
    from restate_proto.model.interceptors import Interceptor
    from restate_proto.model.payload_codec import PayloadCodec
    from restate_proto.model.service import ServiceBase
    from restate_proto.runtime import LastFailure

__all__ = ["Endpoint"]

DEFAULT_GRACE = timedelta(seconds=30)
# What a client of HTTP/1.1 is told, such as Restate where it was registered so.
_HTTP1_ADVICE = "To register it with Restate use its http:// address, without --use-http1.1."


class Endpoint:
    """Services that restate-server discovers and invokes over HTTP/2.

    ```python
    endpoint = Endpoint(Cart(payments), Ticket())

    if __name__ == "__main__":
        endpoint.serve("127.0.0.1:9080")
    ```

    Args:
        *services: objects of classes that implement generated bases.
        max_protocol_version: the newest service protocol version to offer, 5 to 7.
        bidirectional: whether Restate may answer while a handler runs; without, every wait is a
            suspension.
        engine: the HTTP/2 library: "h2" or "ngh2"; None takes the environment variable
            RESTATE_PROTO_HTTP2, else ngh2, else h2 where ngh2 cannot be imported.
        run_threads: how many threads execute the ordinary functions of `ctx.run` at most; the
            rest waits its turn.
        tls: the PEM files of a certificate and its key, or a TLS context, whose ALPN protocols
            the endpoint sets; without, the endpoint speaks HTTP/2 with prior knowledge.
        limits: what the endpoint takes from its peers, and how long it waits for them.
        expose_tracebacks: whether Restate gets the traceback of a handler's exception beside its
            type and text; it shows them in its UI, and to the caller of an invocation that it
            gives up. For development: the log has them in any case.
        on_journal_mismatch: what becomes of an invocation whose code does something else than its
            journal says (error 570): by default it is retried. PAUSE has a person deploy code that
            fits and resume it, FAIL ends it; both need service protocol v7. The contract's `config`
            of a service or handler wins over it.
        validation: what is validated whose message has rules of `buf.validate`; without, requests
            are.
        debug: whether handlers are checked while they run, which takes time: for development. What
            ends or is suspended is repeated at once on its own journal, and fails where its code
            does something else; the log warns of what blocks the event loop, and of clocks, random
            numbers, files, sockets and processes outside of `ctx.run`.
        identity_keys: the public keys (`publickeyv1_...`) of the Restate that may call: requests
            that none of them has signed get a 401, but for health checks; docs/identity.md says
            how. None takes those of the environment variable RESTATE_PROTO_IDENTITY_KEYS, with
            commas between; without keys, whoever reaches the endpoint may call.
        interceptors: what observes or changes invocations, the outermost first; see `Interceptor`.
        lifespan: a function that makes an asynchronous context, such as one with
            `@asynccontextmanager`. It is entered before the first request, in each worker, and left
            when nothing runs any more. A service that is an asynchronous context manager itself is
            entered after it, and left before.
        payload_codec: what payloads pass through before Restate stores them: a codec, such as
            `AesGcmSiv` or `Zstd`, or several in the order in which they encode;
            docs/payloads.md says what stays plain.

    Raises:
        TypeError: an object is no service, a handler is no coroutine function or takes something
            else than it gets, or a method looks like a handler that the contract does not have; an
            option of a wrong type.
        ValueError: two services have one name, or there is none; a wrong option; a rule of
            `buf.validate` that is none; an identity key that is none.
        ImportError: requests have rules, and protovalidate is not installed; there are identity
            keys, and cryptography is not.
        OSError: a file of `tls` cannot be read.

    Attributes:
        services: what their contracts say of the services.
        payload_codec: as given, for the clients of its services.
    """

    def __init__(
        self,
        *services: ServiceBase,
        max_protocol_version: int = MAX_VERSION,
        bidirectional: bool = True,
        engine: str | None = None,
        run_threads: int = DEFAULT_RUN_THREADS,
        tls: ssl.SSLContext | tuple[str | PathLike[str], str | PathLike[str]] | None = None,
        limits: Limits | None = None,
        expose_tracebacks: bool = False,
        on_journal_mismatch: OnJournalMismatch = OnJournalMismatch.RETRY,
        validation: Validation | None = None,
        debug: bool = False,
        identity_keys: Sequence[str] | None = None,
        interceptors: Sequence[Interceptor] = (),
        lifespan: Lifespan | None = None,
        payload_codec: PayloadCodec | Sequence[PayloadCodec] | None = None,
    ) -> None:
        if not isinstance(max_protocol_version, int):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            expected = f"{MIN_VERSION} to {MAX_VERSION}"
            raise wrong_type("Endpoint", "max_protocol_version", max_protocol_version, expected)
        if not MIN_VERSION <= max_protocol_version <= MAX_VERSION:
            raise ValueError(
                f"max_protocol_version={max_protocol_version}: must be {MIN_VERSION} to {MAX_VERSION}"
            )
        if not isinstance(on_journal_mismatch, OnJournalMismatch):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            expected = "an OnJournalMismatch, such as OnJournalMismatch.PAUSE"
            raise wrong_type("Endpoint", "on_journal_mismatch", on_journal_mismatch, expected)
        if run_threads < 1:
            raise ValueError(f"run_threads={run_threads}: must be at least 1")
        check_lifespan(lifespan)
        self._lifespan = lifespan
        self._services = services
        self._limits = limits or Limits()
        inbound, outbound = self._limits.max_inbound_message, self._limits.max_outbound_message
        self.payload_codec = payload_codec
        codecs = payload_codecs("Endpoint", payload_codec)
        self._handlers = bind(
            services, inbound, outbound, on_journal_mismatch, validation or Validation(), codecs
        )
        self.services = tuple(service.__restate_service__ for service in services)
        self._preview = SerdePreview(self.services, inbound, codecs)
        self._interceptors = tuple(interceptors)
        Hooks("Endpoint", self._interceptors)  # refuses what is none, here
        self._discovery = Discovery(
            [self._preview.advertised(described_with_contract(each)) for each in services],
            min_protocol_version=MIN_VERSION,
            max_protocol_version=max_protocol_version,
            bidirectional=bidirectional,
            has_schemas=codecs is None,
        )
        self._engine = engine_name(engine)
        self._tls = tls_context(tls)
        self._identity = request_identity(identity_keys)
        self._run_threads = run_threads
        self._expose_tracebacks = expose_tracebacks
        self._debug = debug
        self._repeats = True

    def debugging(self, *, replay_check: bool = True) -> Endpoint:
        """An endpoint of the same services in development mode, as `Endpoint(debug=True)`; for tests.

        Args:
            replay_check: whether what ends or is suspended is repeated at once. Not for handlers
                that count how often they run.
        """
        endpoint = copy(self)
        endpoint._debug = True  # noqa: SLF001 - its own class
        endpoint._repeats = replay_check  # noqa: SLF001
        return endpoint

    def without_retries(self, report_failure: Callable[[LastFailure], None]) -> Endpoint:
        """An endpoint of the same services whose handlers' failures end their invocations; for tests.

        Whatever the contracts say, Restate makes no other attempt after an exception that is no
        `TerminalError`: it kills the invocation, and its callers get the exception's text. Side
        effects whose `retry` has a bound are retried as ever.

        Args:
            report_failure: called in the event loop with each of these failures.
        """
        endpoint = copy(self)
        endpoint._discovery = self._discovery.without_retries()  # noqa: SLF001 - its own class
        endpoint._handlers = {  # noqa: SLF001
            path: handler.without_retries(report_failure)
            for path, handler in self._handlers.items()
        }
        return endpoint

    def with_interceptors(self, *interceptors: Interceptor) -> Endpoint:
        """An endpoint of the same services with more interceptors, which are around the others."""
        endpoint = copy(self)
        endpoint._interceptors = (*interceptors, *self._interceptors)  # noqa: SLF001 - its own class
        return endpoint

    def without_identity(self) -> Endpoint:
        """An endpoint of the same services that takes unsigned requests; for tests."""
        endpoint = copy(self)
        endpoint._identity = None  # noqa: SLF001 - its own class
        return endpoint

    def adapted(
        self,
        *,
        limits: Mapping[str, Any] | None = None,
        tls: ssl.SSLContext | None = None,
        debug: bool = False,
    ) -> Endpoint:
        """An endpoint of the same services, as a command line or a configuration wants it.

        Args:
            limits: what replaces some of its `Limits`, by name.
            tls: what replaces its TLS context; None leaves it.
            debug: whether it runs in development mode, if it does not anyway.

        Raises:
            ValueError: a limit is outside what it can be.
        """
        endpoint = self.debugging() if debug and not self._debug else copy(self)
        if limits:
            endpoint._limits = new = replace(self._limits, **limits)  # noqa: SLF001 - its own class
            endpoint._handlers = {  # noqa: SLF001
                path: handler.limited(new.max_inbound_message, new.max_outbound_message)
                for path, handler in self._handlers.items()
            }
        if tls is not None:
            endpoint._tls = tls  # noqa: SLF001
        return endpoint

    @property
    def limits(self) -> Limits:
        """What it takes from its peers, and how long it waits for them."""
        return self._limits

    @property
    def manifest(self) -> bytes:
        """The newest discovery manifest of its services, as JSON."""
        return self._discovery.respond(None).body

    @property
    def is_open(self) -> bool:
        """Whether whoever reaches it can call every handler, and read what they say."""
        return self._identity is None and self._tls is None

    def serve(self, address: str = "127.0.0.1:9080", *, grace: timedelta = DEFAULT_GRACE) -> None:
        """Serve until SIGTERM or SIGINT; blocks.

        Then no new invocations are taken, and attempts that run get `grace` to end; what is left
        after it, Restate retries elsewhere. Handlers that clean up after that have 10 seconds
        more. uvloop is used where it can be imported.

        Args:
            address: the host and port to listen on.
            grace: how long running attempts may take to end.

        Raises:
            OSError: the address cannot be listened on.
            ValueError: the address is not HOST:PORT.
            ImportError: ngh2 was asked for and cannot be imported.
            LifespanError: the lifespan or a service could not be set up.
        """
        run_until_done(self._serve(address, grace))

    async def _serve(self, address: str, grace: timedelta) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            on_signal(number, stop.set)
        async with self.run(address, grace=grace) as running:
            print(f"Serving {running} at {running.address}", flush=True)  # noqa: T201 - a server says where it is
            await stop.wait()

    @asynccontextmanager
    async def run(
        self,
        address: str | socket = "127.0.0.1:0",
        *,
        grace: timedelta = DEFAULT_GRACE,
    ) -> AsyncGenerator[RunningEndpoint]:
        """Serve in the running event loop while the context is entered.

        Args:
            address: the host and port to listen on, where port 0 takes a free one; or a socket
                that is bound already, which is closed in the end.
            grace: how long running attempts may take to end when the context is left.

        Yields:
            Where it listens.

        Raises:
            OSError: the address cannot be listened on.
            ValueError: the address is not HOST:PORT.
            ImportError: ngh2 was asked for and cannot be imported.
            LifespanError: the lifespan or a service could not be set up.
        """
        where = address if isinstance(address, socket) else parse_address(address)
        async with self.connections(grace=grace) as running:
            if isinstance(where, socket):
                await running.server.listen(where)
            else:
                await running.server.start(*where)
            # A Unix domain socket has no port.
            if self.is_open and running.port and not is_loopback(running.host):
                warn_of_strangers(running.address)
            yield running

    def asgi(self) -> AsgiApp:
        """An ASGI application with the same services, for granian, hypercorn, uvicorn and others.

        ```python
        app = Endpoint(Cart()).asgi()  # granian --interface asgi --http 2 shop.main:app
        ```

        Over HTTP/2 it answers while a handler runs; over HTTP/1.1 every wait is a suspension.
        `engine` and `tls` do not matter to it, and of `limits` the sizes of messages and of buffered
        output alone: the rest is the server's.

        Returns:
            The application. Another one, such as of Starlette or FastAPI, may have it mounted under
            any path; docs/hosts.md says how.
        """
        return AsgiApp(self._open, self._discovery, self._limits.max_buffered_output)

    def aws_lambda(self) -> LambdaHandler:
        """The handler of an AWS Lambda function with the same services.

        ```python
        handler = Endpoint(Cart()).aws_lambda()  # the function's handler: shop.main.handler
        ```

        Restate invokes the function by its ARN, or calls its function URL. Every wait is a
        suspension. `engine`, `tls` and what `limits` has for connections do not matter to it. The
        lifespan is left when Python exits, which Lambda does not wait for.

        Returns:
            The handler; docs/hosts.md says how to deploy it.
        """
        return LambdaHandler(self._open, self._discovery)

    @asynccontextmanager
    async def connections(
        self, *, grace: timedelta = DEFAULT_GRACE
    ) -> AsyncGenerator[RunningEndpoint]:
        """As `run`, but without an address: the server is given connections by `adopt`.

        Args:
            grace: how long running attempts may take to end when the context is left.

        Yields:
            The endpoint, whose `server` takes the connections.

        Raises:
            ImportError: ngh2 was asked for and cannot be imported.
            LifespanError: the lifespan or a service could not be set up.
        """
        if not isinstance(grace, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_type("Endpoint.run", "grace", grace, DURATION)
        async with self._open() as routes:
            server = Server(
                routes.entrance,
                engine=self._engine,
                ssl=self._tls,
                settings=self._limits.of_connection(),
                limits=self._limits.of_server(),
                health=routes.health,
                advice=_HTTP1_ADVICE,
            )
            scheme = "http" if self._tls is None else "https"
            try:
                yield RunningEndpoint(server, scheme, self._engine, len(self._handlers))
            finally:
                # Restate (1.7) closes a connection with all that runs on it when it was told that
                # the connection ends and has a new invocation for it.
                await server.drain(grace.total_seconds(), announce=False)

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[Routes]:
        """Set up what attempts need in the running event loop, whatever brings the requests."""
        async with alive(self._lifespan, self._services):
            runtime = Runtime(
                asyncio.get_running_loop(),
                run_threads=self._run_threads,
                expose_tracebacks=self._expose_tracebacks,
            )
            handlers, new_attempt = self._handlers, Attempt
            if self._interceptors:
                hooks, new_attempt = Hooks("Endpoint", self._interceptors), InterceptedAttempt
                handlers = {path: each.intercepted(hooks) for path, each in handlers.items()}
            debugger = Debugger(runtime, repeats=self._repeats) if self._debug else None
            if debugger is not None:
                new_attempt = debugger.attempt
            try:
                yield Routes(
                    handlers,
                    self._discovery,
                    self._preview,
                    runtime,
                    new_attempt,
                    self._identity,
                )
            finally:
                await runtime.cleanups.finished()
                if debugger is not None:
                    debugger.close()
