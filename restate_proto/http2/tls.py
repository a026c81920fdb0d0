"""Make TLS contexts for servers and clients that negotiate HTTP/2."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["ALPN", "SERVER_ALPN", "client_ssl_context", "server_ssl_context"]

# HTTP/1.1 is offered, too, because clients without HTTP/2 may ask for the server's health.
SERVER_ALPN: Final = ["h2", "http/1.1"]
ALPN: Final = ["h2"]


def server_ssl_context(
    certificate: str | PathLike[str],
    key: str | PathLike[str] | None = None,
    *,
    password: str | None = None,
    client_authorities: str | PathLike[str] | None = None,
) -> ssl.SSLContext:
    """Make a context for `Server(ssl=...)`.

    Args:
        certificate: a PEM file with the certificate and its chain up to the issuer.
        key: a PEM file with the private key; None if the certificate's file contains it.
        password: the password of an encrypted key.
        client_authorities: a PEM file with the issuers of client certificates; clients without a
            certificate of theirs are refused. None asks clients for no certificate.

    Raises:
        OSError: a file cannot be read.
        ssl.SSLError: a file is not a certificate, or the key does not match it.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key, password)
    if client_authorities is not None:
        context.load_verify_locations(client_authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_ssl_context(authorities: str | PathLike[str] | None = None) -> ssl.SSLContext:
    """Make a context that verifies the server's certificate and name.

    Args:
        authorities: a PEM file with the trusted issuers; None trusts those of the system.

    Raises:
        OSError: the file cannot be read.
    """
    context = ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(ALPN)
    return context
