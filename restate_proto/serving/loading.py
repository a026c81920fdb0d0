"""Load the endpoint to serve, and apply the settings to it."""

from __future__ import annotations

import importlib
import ssl
import sys
import traceback
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from restate_proto.endpoint.endpoint import Endpoint
from restate_proto.endpoint.limits import Limits
from restate_proto.errors import RestateError
from restate_proto.http2.tls import server_ssl_context

if TYPE_CHECKING:
    from types import ModuleType

    from restate_proto.serving.settings import Settings

__all__ = ["WORKER_STREAMS", "LoadError", "find_endpoint", "load_endpoint"]

WORKER_STREAMS: Final = 16
"""Streams per connection with several workers, so few that Restate opens several connections."""

# Modules that generated messages import, by the extra that installs them.
_EXTRAS: Final = ("betterproto", "betterproto2")


class LoadError(RestateError):
    """The endpoint does not exist, cannot be imported, or cannot be served with these settings.

    Args:
        message: what is wrong.
        is_misuse: whether the name of the endpoint is wrong.
    """

    def __init__(self, message: str, *, is_misuse: bool = False) -> None:
        super().__init__(message)
        self.is_misuse = is_misuse


def load_endpoint(settings: Settings) -> Endpoint:
    """Import the endpoint, and apply the settings to it.

    Raises:
        LoadError: this failed; the text is one line for the user.
    """
    endpoint = find_endpoint(settings.endpoint)
    limits = dict(settings.limits)
    if (settings.workers or 1) > 1 and endpoint.limits.max_streams == Limits().max_streams:
        limits.setdefault("max_streams", WORKER_STREAMS)
    try:
        endpoint = endpoint.adapted(limits=limits, tls=_tls(settings), debug=settings.reload)
    except ValueError as error:
        raise LoadError(f"{settings.endpoint}: {error}") from None
    if not settings.access_log:
        return endpoint
    from restate_proto.endpoint.access_log import AccessLog  # noqa: PLC0415 - as above

    return endpoint.with_interceptors(AccessLog())


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_certificate is None:
        return None
    try:
        return server_ssl_context(
            settings.tls_certificate, settings.tls_key, client_authorities=settings.tls_client_ca
        )
    except (OSError, ssl.SSLError) as error:
        files = (settings.tls_certificate, settings.tls_key, settings.tls_client_ca)
        names = ", ".join(str(file) for file in files if file is not None)
        raise LoadError(
            f"{names}: a file is not PEM, or the key does not fit the certificate: {error}"
        ) from None


def find_endpoint(target: str) -> Endpoint:
    """Import an endpoint.

    Args:
        target: its place, MODULE:ENDPOINT. The current directory is searched first.

    Raises:
        LoadError: it does not exist, or its module cannot be imported; the text is one line for the
            user.
    """
    name, _, attribute = target.partition(":")
    if not attribute or not all(name.split(".")) or {"/", "\\"} & {*name}:
        raise LoadError(
            f"{target!r} is not MODULE:ENDPOINT, such as shop.main:endpoint", is_misuse=True
        )
    module = _import(name)
    try:
        value: object = attrgetter(attribute)(module)
    except AttributeError:
        raise LoadError(
            f"module {name} has no {attribute!r}{_suggestion(module)}", is_misuse=True
        ) from None
    if not isinstance(value, Endpoint):
        found = f"{target} is of type {type(value).__name__}, not an Endpoint"
        raise LoadError(found + _suggestion(module), is_misuse=True)
    return value


def _suggestion(module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, Endpoint)]
    if not names:
        return ""
    return f"; did you mean {' or '.join(f'{module.__name__}:{name}' for name in names)}?"


def _import(name: str) -> ModuleType:
    directory = str(Path.cwd())
    if directory not in sys.path:
        sys.path.insert(0, directory)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise LoadError(
                f"there is no module {error.name!r} in {directory} or on sys.path", is_misuse=True
            ) from None
        extra = (
            f"; run `pip install 'restate-proto[{error.name}]'`" if error.name in _EXTRAS else ""
        )
        raise LoadError(f"cannot import {name}: {_describe(error)}{extra}") from error
    except Exception as error:
        raise LoadError(f"cannot import {name}: {_describe(error)}") from error


def _describe(error: Exception) -> str:
    """Return the error on one line, with the place in the user's code that raised it."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    machinery = ("<frozen ", importlib.__file__, __file__)
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if not frame.filename.startswith(machinery)]
    place = f" ({places[-1].filename}:{places[-1].lineno})" if places else ""
    return f"{type(error).__name__}: {error}{place}"
