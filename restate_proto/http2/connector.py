"""Make one connection of a client, or explain why it cannot be made."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Final

from restate_proto.http2.client_connection import ClientConnection
from restate_proto.http2.errors import ConnectError

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.http2.engines.base import EngineFactory
    from restate_proto.http2.limits import Http2Settings
    from restate_proto.http2.pool_limits import PoolLimits

__all__ = ["Connector"]

# OpenSSL's errors for bytes that are not TLS.
_NOT_TLS: Final = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNEXPECTED_MESSAGE"})
_NO_ALPN: Final = "TLSV1_ALERT_NO_APPLICATION_PROTOCOL"


class Connector:
    """Connects to one server.

    Args:
        host: the server's name or address.
        port: the server's port.
        tls: the TLS context, or None.
        factory: makes the engines.
        settings: what each connection allows.
        limits: how long to wait for each step.

    Attributes:
        where: host and port, for errors.
        timeout: seconds until an attempt counts as failed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None,
        factory: EngineFactory,
        settings: Http2Settings,
        limits: PoolLimits,
    ) -> None:
        self.where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.timeout = limits.connect_timeout
        self._host = host
        self._port = port
        self._tls = tls
        self._factory = factory
        self._settings = settings
        self._limits = limits

    async def connect(self, changed: Callable[[], None]) -> ClientConnection:
        """Connect, and wait until the server has sent its SETTINGS.

        They tell what the server allows, and that it speaks HTTP/2: no request is sent to anything
        else.

        Args:
            changed: called by the connection when a stream has ended, a limit has changed, or the
                connection is gone.

        Raises:
            ConnectError: the connection could not be made, or the other side does not speak HTTP/2.
        """
        connection: ClientConnection | None = None
        try:
            async with asyncio.timeout(self.timeout):
                transport, connection = await asyncio.get_running_loop().create_connection(
                    lambda: ClientConnection(self._factory, self._settings, self._limits, changed),
                    self._host,
                    self._port,
                    ssl=self._tls,
                )
                tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
                if tls is not None and tls.selected_alpn_protocol() != "h2":
                    raise ConnectError(self._explain_no_http2(tls.selected_alpn_protocol()))
                if not await connection.greeted():
                    raise ConnectError(self._explain_hang_up(connection))
        except TimeoutError:
            text = self._explain_silence(connected=connection is not None)
            raise ConnectError(text) from None
        except OSError as error:
            raise ConnectError(self._explain_error(error)) from error
        else:
            made, connection = connection, None
            return made
        finally:
            if connection is not None and connection.transport is not None:
                connection.transport.abort()

    def _explain_silence(self, *, connected: bool) -> str:
        if not connected:
            return f"no connection to {self.where} within {self.timeout:g} s"
        return (
            f"{self.where} accepted the connection and sent no HTTP/2 settings within"
            f" {self.timeout:g} s: it does not speak HTTP/2 there, or does not work"
        )

    def _explain_hang_up(self, connection: ClientConnection) -> str:
        if connection.heard:
            return f"{self.where}: {connection.lost_reason}"
        advice = (
            "requires a client certificate, which the TLS context would have to provide"
            if self._tls
            else "speaks TLS: then write https:// in the URL"
        )
        return (
            f"{self.where} closed the connection before it said anything: it does not speak"
            f" HTTP/2 there, or {advice}"
        )

    def _explain_error(self, error: OSError) -> str:
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"cannot connect to {self.where}: the server's certificate is not accepted:"
                f" {error.verify_message}; if the system does not know its issuer, pass"
                " ssl=ssl.create_default_context(cafile='issuer.pem'), or set the environment"
                " variable SSL_CERT_FILE"
            )
        if isinstance(error, ssl.SSLError):
            if error.reason in _NOT_TLS:
                return (
                    f"{self.where} does not speak TLS ({error.reason}): write http:// if the"
                    " server has none"
                )
            if error.reason == _NO_ALPN:
                return self._explain_no_http2(None)
        return f"cannot connect to {self.where}: {error}"

    def _explain_no_http2(self, chosen: str | None) -> str:
        return (
            f"{self.where} does not speak HTTP/2 over TLS: ALPN chose {chosen or 'no protocol'},"
            " not h2; enable HTTP/2 where TLS ends, in the server or in the proxy before it"
        )
