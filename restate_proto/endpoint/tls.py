"""The option `tls` of an endpoint: files of a certificate and its key, or a context."""

from __future__ import annotations

import ssl
from os import PathLike
from typing import Any, cast

from restate_proto.http2.tls import server_ssl_context
from restate_proto.model.arguments import wrong_type

__all__ = ["tls_context"]


def tls_context(tls: Any) -> ssl.SSLContext | None:
    """Make the TLS context that the option asks for.

    Raises:
        TypeError: the option is neither a pair of paths nor a context.
        OSError: a file cannot be read.
    """
    if isinstance(tls, ssl.SSLContext | None):
        return tls
    match tls:
        case (str() | PathLike(), str() | PathLike()):
            certificate, key = cast("tuple[str, str]", tls)
            return server_ssl_context(certificate, key)
        case _:
            expected = "the paths of certificate and key, ('cert.pem', 'key.pem'), or an SSLContext"
            raise wrong_type("Endpoint", "tls", tls, expected)
