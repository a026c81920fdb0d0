"""Make the TLS context of a client from its options."""

from __future__ import annotations

import os
import ssl
from typing import TYPE_CHECKING

from restate_proto.http2.tls import client_ssl_context
from restate_proto.model.arguments import wrong_type

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["tls_context"]


def tls_context(
    where: str,
    context: ssl.SSLContext | None,
    *,
    tls_ca: str | PathLike[str] | None,
    tls_certificate: str | PathLike[str] | None,
    tls_key: str | PathLike[str] | None,
) -> ssl.SSLContext | None:
    """Return the TLS context that the options of a client ask for, or None.

    Raises:
        TypeError: an option has the wrong type.
        ValueError: the options exclude each other, or a file cannot be used.
    """
    if not isinstance(context, ssl.SSLContext | None):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type(where, "ssl", context, "an ssl.SSLContext; or pass tls_ca='issuer.pem'")
    files = {"tls_ca": tls_ca, "tls_certificate": tls_certificate, "tls_key": tls_key}
    given = [name for name, file in files.items() if file is not None]
    for name in given:
        if not isinstance(files[name], str | os.PathLike):
            raise wrong_type(where, name, files[name], "the path of a PEM file")
    if not given:
        return context
    if context is not None:
        raise ValueError(f"{where}: pass either ssl or {' and '.join(given)}")
    if tls_key is not None and tls_certificate is None:
        raise ValueError(f"{where}(tls_key={tls_key!r}): pass tls_certificate as well")
    try:
        context = client_ssl_context(tls_ca)
    except OSError as error:  # SSLError included
        raise ValueError(
            f"{where}(tls_ca={tls_ca!r}): {_reason(error)}; it has to be a PEM file with the"
            " certificates of issuers"
        ) from error
    if tls_certificate is not None:
        try:
            context.load_cert_chain(tls_certificate, tls_key, _no_password)
        except OSError as error:
            raise ValueError(
                f"{where}(tls_certificate={tls_certificate!r}, tls_key={tls_key!r}):"
                f" {_reason(error)}; they have to be PEM files, the key without a password and of"
                " this certificate"
            ) from error
    return context


def _no_password() -> str:
    """Return an empty password, so that OpenSSL does not ask for one at the terminal."""
    return ""


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
