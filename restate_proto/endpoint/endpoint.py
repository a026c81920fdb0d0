"""`Endpoint`: the services of a user, and the ways to serve them."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from copy import copy
from dataclasses import replace
from datetime import timedelta
from os import PathLike
from socket import socket
from typing import TYPE_CHECKING, Any

from restate_proto.endpoint.addresses import parse_address
from restate_proto.endpoint.application import Application
from restate_proto.endpoint.binding import bind
from restate_proto.endpoint.contract_metadata import described_with_contract
from restate_proto.endpoint.discovery import Discovery
from restate_proto.endpoint.event_loop import run_until_done
from restate_proto.endpoint.identity import is_loopback, request_identity, warn_of_strangers
from restate_proto.endpoint.lifespan import check_lifespan
from restate_proto.endpoint.limits import Limits
from restate_proto.endpoint.running_endpoint import RunningEndpoint, serve_until_signal
from restate_proto.endpoint.serde_preview import SerdePreview
from restate_proto.endpoint.tls import tls_context
from restate_proto.endpoint.validation import Validation
from restate_proto.http2.engines import engine_name
from restate_proto.http2.server import Server
from restate_proto.model.arguments import DURATION, check_number, wrong_type
from restate_proto.model.hooks import Hooks
from restate_proto.model.payload_codec import payload_codecs
from restate_proto.model.retry import OnJournalMismatch
from restate_proto.protocol import MAX_VERSION, MIN_VERSION
from restate_proto.runtime import DEFAULT_RUN_THREADS, Scheduling

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from restate_proto.endpoint.asgi import AsgiApp
    from restate_proto.endpoint.aws_lambda import LambdaHandler
    from restate_proto.endpoint.lifespan import Lifespan
    from restate_proto.model.interceptors import Interceptor
    from restate_proto.model.payload_codec import PayloadCodec
    from restate_proto.model.service import ServiceBase
    from restate_proto.runtime import LastFailure

__all__ = ["Endpoint"]

DEFAULT_GRACE = timedelta(seconds=30)
# The answer to clients of HTTP/1.1, such as Restate when the endpoint was registered that way.
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
        bidirectional: whether Restate may answer while a handler runs. If False, every wait is a
            suspension.
        engine: the HTTP/2 library, "h2" or "ngh2". By default the environment variable
            RESTATE_PROTO_HTTP2 decides, else it is ngh2, or h2 if ngh2 cannot be imported.
        run_threads: how many threads at most execute the ordinary (not `async`) functions of
            `ctx.run`; others wait for a free thread.
        tls: the PEM files of a certificate and its key, or a TLS context, whose ALPN protocols
            the endpoint sets. Without it, the endpoint speaks HTTP/2 with prior knowledge.
        limits: what the endpoint accepts from its peers, and how long it waits for them.
        expose_tracebacks: whether Restate gets the traceback of a handler's exception in addition
            to its type and text. Restate shows both in its UI, and to the caller of an invocation
            that it gives up, so use this for development only. The log has tracebacks in any case.
        on_journal_mismatch: what happens to an invocation whose code does something other than its
            journal says (error 570). By default it is retried. PAUSE waits for somebody to deploy
            code that fits and to resume it; FAIL ends it. Both need service protocol v7. The
            `config` of a service or handler in the contract wins over this option.
        validation: which messages with rules of `buf.validate` are validated; by default requests.
        debug: turns on development mode, whose checks take time. Every attempt that ends or is
            suspended is repeated at once on its own journal, and fails if its code does something
            else. The log warns of code that blocks the event loop, and of clocks, random numbers,
            files, sockets and processes outside of `ctx.run`.
        identity_keys: the public keys (`publickeyv1_...`) of the Restate servers that may call.
            All requests that none of them has signed get a 401, except health checks; see
            docs/identity.md. By default the keys come from the environment variable
            RESTATE_PROTO_IDENTITY_KEYS, separated by commas. Without keys, everyone who reaches
            the endpoint can call it.
        interceptors: observe or change invocations, the outermost first; see `Interceptor`.
        lifespan: a function that makes an asynchronous context, for example one with
            `@asynccontextmanager`. The context is entered before the first request, in each worker,
            and left when nothing runs any more. Services that are asynchronous context managers
            are entered after it and left before it.
        payload_codec: encodes payloads before Restate stores them: a codec, such as `AesGcmSiv` or
            `Zstd`, or several in the order in which they encode. docs/payloads.md says what stays
            plain.

    Raises:
        TypeError: an object is not a service; a handler is not a coroutine function or has the
            wrong parameters; a method looks like a handler that the contract does not have; an
            option has the wrong type.
        ValueError: two services have the same name; there is no service; an option, a rule of
            `buf.validate` or an identity key is invalid.
        ImportError: requests have rules and protovalidate is not installed, or there are identity
            keys and cryptography is not installed.
        OSError: a file of `tls` cannot be read.

    Attributes:
        services: the descriptors of the services.
        payload_codec: as given; clients of the services need the same.
        application: what answers its requests, for hosts that have no method here.
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
        check_number(
            "Endpoint", "max_protocol_version", max_protocol_version, MIN_VERSION, MAX_VERSION
        )
        if not isinstance(on_journal_mismatch, OnJournalMismatch):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            expected = "an OnJournalMismatch, such as OnJournalMismatch.PAUSE"
            raise wrong_type("Endpoint", "on_journal_mismatch", on_journal_mismatch, expected)
        if run_threads < 1:
            raise ValueError(f"run_threads={run_threads}: must be at least 1")
        check_lifespan(lifespan)
        self._limits = limits or Limits()
        inbound, outbound = self._limits.max_inbound_message, self._limits.max_outbound_message
        self.payload_codec = payload_codec
        codecs = payload_codecs("Endpoint", payload_codec)
        handlers = bind(
            services, inbound, outbound, on_journal_mismatch, validation or Validation(), codecs
        )
        self.services = tuple(service.__restate_service__ for service in services)
        Hooks("Endpoint", interceptors)  # raises here if one is not an interceptor
        preview = SerdePreview(self.services, inbound, codecs)
        self.application = Application(
            services=services,
            handlers=handlers,
            discovery=Discovery(
                [preview.advertised(described_with_contract(each)) for each in services],
                min_protocol_version=MIN_VERSION,
                max_protocol_version=max_protocol_version,
                bidirectional=bidirectional,
                has_schemas=codecs is None,
            ),
            preview=preview,
            identity=request_identity(identity_keys),
            interceptors=tuple(interceptors),
            lifespan=lifespan,
            scheduling=Scheduling(threads=run_threads),
            expose_tracebacks=expose_tracebacks,
            debug=debug,
        )
        self._engine = engine_name(engine)
        self._tls = tls_context(tls)

    def debugging(self, *, replay_check: bool = True) -> Endpoint:
        """Copy the endpoint, in development mode like `Endpoint(debug=True)`; for tests.

        Args:
            replay_check: whether attempts that end or are suspended are repeated at once. Turn it
                off for handlers that count how often they run.
        """
        return self._changed(debug=True, repeats=replay_check)

    def without_retries(self, report_failure: Callable[[LastFailure], None]) -> Endpoint:
        """Copy the endpoint, so that any failure of a handler ends its invocation; for tests.

        Whatever the contracts say, Restate does not retry after an exception that is not a
        `TerminalError`: it kills the invocation, and its callers get the exception's text.
        Functions of `ctx.run` with a bounded `retry` are retried as usual.

        Args:
            report_failure: called in the event loop with each of these failures.
        """
        application = self.application
        return self._changed(
            discovery=application.discovery.without_retries(),
            handlers={
                path: handler.without_retries(report_failure)
                for path, handler in application.handlers.items()
            },
        )

    def with_interceptors(self, *interceptors: Interceptor) -> Endpoint:
        """Copy the endpoint, with more interceptors around those that it has."""
        return self._changed(interceptors=(*interceptors, *self.application.interceptors))

    def without_identity(self) -> Endpoint:
        """Copy the endpoint, so that it accepts unsigned requests; for tests."""
        return self._changed(identity=None)

    def adapted(
        self,
        *,
        limits: Mapping[str, Any] | None = None,
        tls: ssl.SSLContext | None = None,
        debug: bool = False,
    ) -> Endpoint:
        """Copy the endpoint, with the settings of a command line or a configuration.

        Args:
            limits: replaces some of its `Limits`, by name.
            tls: replaces its TLS context; None keeps it.
            debug: turns development mode on; False keeps it as it is.

        Raises:
            ValueError: a limit is out of range.
        """
        application = self.application
        endpoint = self._changed(debug=debug or application.debug)
        if limits:
            endpoint._limits = new = replace(self._limits, **limits)  # noqa: SLF001 - its own class
            endpoint = endpoint._changed(  # noqa: SLF001
                handlers={
                    path: handler.limited(new.max_inbound_message, new.max_outbound_message)
                    for path, handler in application.handlers.items()
                }
            )
        if tls is not None:
            endpoint._tls = tls  # noqa: SLF001
        return endpoint

    def _changed(self, **changes: Any) -> Endpoint:
        """Copy the endpoint, with some fields of its `Application` replaced."""
        endpoint = copy(self)
        endpoint.application = replace(self.application, **changes)
        return endpoint

    @property
    def limits(self) -> Limits:
        """The limits of its connections, streams, messages and times."""
        return self._limits

    @property
    def manifest(self) -> bytes:
        """The newest discovery manifest of its services, as JSON."""
        return self.application.discovery.respond(None).body

    @property
    def is_open(self) -> bool:
        """Whether everyone who reaches it can call every handler: it has neither keys nor TLS."""
        return self.application.identity is None and self._tls is None

    def serve(self, address: str = "127.0.0.1:9080", *, grace: timedelta = DEFAULT_GRACE) -> None:
        """Serve until SIGTERM or SIGINT. The call blocks until then.

        After the signal, no new invocations are accepted, and running attempts get the time of
        `grace` to end. Attempts that are still running then are aborted, and Restate retries them
        elsewhere; their cleanups have 10 seconds more. uvloop is used if it can be imported.

        Args:
            address: the host and port to listen on.
            grace: how long running attempts may take to end.

        Raises:
            OSError: the address cannot be listened on.
            ValueError: the address is not HOST:PORT.
            ImportError: ngh2 was asked for and cannot be imported.
            LifespanError: the lifespan or a service could not be set up.
        """
        run_until_done(serve_until_signal(self.run(address, grace=grace)))

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
        """Make an ASGI application with the same services, for granian, hypercorn, uvicorn, ...

        ```python
        app = Endpoint(Cart()).asgi()  # granian --interface asgi --http 2 shop.main:app
        ```

        Over HTTP/2 it answers while a handler runs; over HTTP/1.1 every wait is a suspension.
        Connections belong to the server, so `engine` and `tls` have no effect, and of `limits` only
        the sizes of messages and of buffered output do.

        Returns:
            The application. Other applications, such as those of Starlette or FastAPI, can mount it
            under any path; see docs/hosts.md.
        """
        from restate_proto.endpoint.asgi import AsgiApp  # noqa: PLC0415 - `serve` does without

        application = self.application
        return AsgiApp(application.open, application.discovery, self._limits.max_buffered_output)

    def aws_lambda(self) -> LambdaHandler:
        """Make the handler of an AWS Lambda function with the same services.

        ```python
        handler = Endpoint(Cart()).aws_lambda()  # the function's handler: shop.main.handler
        ```

        Restate invokes the function by its ARN, or calls its function URL. Every wait is a
        suspension. `engine`, `tls` and the limits of connections have no effect. The lifespan is
        left when Python exits, which Lambda does not wait for.

        Returns:
            The handler; docs/hosts.md says how to deploy it.
        """
        from restate_proto.endpoint.aws_lambda import LambdaHandler  # noqa: PLC0415 - as above

        return LambdaHandler(self.application.open, self.application.discovery)

    @asynccontextmanager
    async def connections(
        self, *, grace: timedelta = DEFAULT_GRACE
    ) -> AsyncGenerator[RunningEndpoint]:
        """Serve like `run`, but on connections that the server is given by `adopt`.

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
        async with self.application.open() as routes:
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
                yield RunningEndpoint(server, scheme, self._engine, len(self.application.handlers))
            finally:
                # Restate (1.7) cuts a connection, with everything that runs on it, if it has a new
                # invocation for it after it was told that the connection ends.
                await server.drain(grace.total_seconds(), announce=False)
