"""`restate-proto serve`: serves the endpoint that a module defines."""

from __future__ import annotations

import importlib
import sys
import traceback
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.output import MISUSED, fail

if TYPE_CHECKING:
    from types import ModuleType

    from restate_proto.endpoint import Endpoint

__all__ = ["load_endpoint", "serve_command"]

# What generated messages import, by the name of the extra that brings it.
_EXTRAS = ("betterproto", "betterproto2")


def serve_command(
    target: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:ENDPOINT",
            help="Where the endpoint is, such as shop.main:endpoint. "
            "The current directory is searched first.",
            show_default=False,
        ),
    ],
    host: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="The address to listen on.")
    ] = "127.0.0.1:9080",
) -> None:
    """Serve an endpoint until SIGINT or SIGTERM; then finish what runs and stop."""
    from restate_proto.endpoint.addresses import parse_address  # noqa: PLC0415 - `--help` waits for nothing

    try:
        parse_address(host)
    except ValueError as error:
        fail(f"--host {error}", code=MISUSED)
    endpoint = load_endpoint(target)
    try:
        endpoint.serve(host)
    except OSError as error:
        fail(f"cannot listen on {host}: {error.strerror or error}")


def load_endpoint(target: str) -> Endpoint:
    """Returns the endpoint that `target` (`module:attribute`) names."""
    from restate_proto.endpoint import Endpoint  # noqa: PLC0415 - as above

    name, _, attribute = target.partition(":")
    if not name or not attribute:
        fail(f"{target!r} is not MODULE:ENDPOINT, such as shop.main:endpoint", code=MISUSED)
    module = _import(name)
    try:
        value: object = attrgetter(attribute)(module)
    except AttributeError:
        fail(f"module {name} has no {attribute!r}{_suggestion(module, Endpoint)}", code=MISUSED)
    if not isinstance(value, Endpoint):
        found = f"{target} is of type {type(value).__name__}, not an Endpoint"
        fail(found + _suggestion(module, Endpoint), code=MISUSED)
    return value


def _suggestion(module: ModuleType, wanted: type) -> str:
    names = [name for name, value in vars(module).items() if isinstance(value, wanted)]
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
            fail(f"there is no module {error.name!r} in {directory} or on sys.path", code=MISUSED)
        extra = (
            f"; run `pip install 'restate-proto[{error.name}]'`" if error.name in _EXTRAS else ""
        )
        fail(f"cannot import {name}: {_describe(error)}{extra}")
    except Exception as error:  # noqa: BLE001 - a module may raise anything while it is imported
        fail(f"cannot import {name}: {_describe(error)}")


def _describe(error: Exception) -> str:
    """Returns the error on one line, with the place in the user's code that raised it."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    machinery = ("<frozen ", importlib.__file__, __file__)
    frames = traceback.extract_tb(error.__traceback__)
    places = [frame for frame in frames if not frame.filename.startswith(machinery)]
    place = f" ({places[-1].filename}:{places[-1].lineno})" if places else ""
    return f"{type(error).__name__}: {error}{place}"
