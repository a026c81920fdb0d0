"""Options and errors of commands that use a Restate server's admin API.

The environment variables are those of Restate's own CLI, so that a shell needs to be set up only
once for both.
"""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from restate_proto.cli.output import MISUSED, fail

if TYPE_CHECKING:
    from collections.abc import Generator

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.errors import IngressError

__all__ = [
    "DEFAULT_ADMIN_URL",
    "AdminUrl",
    "AuthToken",
    "Yes",
    "admin_client",
    "check_url",
    "confirm",
]

_TWICE = re.compile(r"^(\[\w+\] )\1")
"""A code of Restate that the server writes twice, because the text after it begins with it too."""

_UNREACHABLE = "[META0003]"
"""Restate's code if the server cannot reach an endpoint that it should register."""

DEFAULT_ADMIN_URL = "http://127.0.0.1:9070"
"""Where a server on this machine has its admin API."""

AdminUrl = Annotated[
    str,
    typer.Option(
        "--admin-url",
        "--admin",
        metavar="URL",
        envvar="RESTATE_ADMIN_URL",
        help="The Restate server's admin address.",
    ),
]
"""The option for the URL of the admin API."""

AuthToken = Annotated[
    str | None,
    typer.Option(
        "--auth-token",
        metavar="TOKEN",
        envvar="RESTATE_AUTH_TOKEN",
        help="The bearer token for the admin API. Prefer the environment variable, because "
        "others on this machine see a command's options.",
        show_default=False,
    ),
]
"""The option for the token that the admin API asks for."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something is removed.")]
"""The option that answers every question of a command."""


@contextmanager
def admin_client(url: str, token: str | None) -> Generator[AdminClient]:
    """Give a block a client of the admin API, and end the command if a request fails.

    Args:
        url: the URL of the admin API.
        token: the bearer token, if it asks for one.

    Yields:
        The client.

    Raises:
        typer.Exit: the URL or the token is wrong, or the block raised an `IngressError`.
    """
    from restate_proto.ingress.admin import AdminClient  # noqa: PLC0415 - `--help` should not wait for it
    from restate_proto.ingress.errors import IngressError  # noqa: PLC0415 - `--help` should not wait for it

    check_url(url, "--admin-url or RESTATE_ADMIN_URL", "http://127.0.0.1:9070")
    try:
        client = AdminClient(url, token=token or None)
    except ValueError as error:
        fail(str(error), code=MISUSED)
    try:
        yield client
    except IngressError as error:
        _fail(url, error)


def check_url(url: str, source: str, example: str) -> None:
    """End the command if a URL has no scheme, such as `localhost:9080`.

    Args:
        url: the URL.
        source: what gave the URL, for the error.
        example: a URL that is right, for the error.

    Raises:
        typer.Exit: it has none.
    """
    if not url.startswith(("http://", "https://")):
        fail(f"{source}: {url!r} is not a URL, such as {example}", code=MISUSED)


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is removed, and end the command if the answer is no.

    Args:
        question: what is about to happen, as a question.
        yes: whether `--yes` has answered it.

    Raises:
        typer.Exit: nobody can answer, as in a script.
        typer.Abort: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        fail(f"{question} There is no terminal to ask on; write --yes", code=MISUSED)
    typer.confirm(question, abort=True, err=True)


def _fail(url: str, error: IngressError) -> NoReturn:
    """End the command with one line that says what went wrong."""
    from restate_proto.ingress.errors import InvalidResponseError  # noqa: PLC0415 - as above
    from restate_proto.ingress.rows import UnexpectedRowError  # noqa: PLC0415 - as above

    is_refusal = error.status is not None and error.status >= HTTPStatus.BAD_REQUEST
    if error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        fail(f"the admin API at {url} refuses the token of RESTATE_AUTH_TOKEN or --auth-token")
    if isinstance(error, UnexpectedRowError):
        fail(f"the server at {url}: {error}")
    if isinstance(error, InvalidResponseError) and not is_refusal:
        fail(f"the server at {url} is not the admin API of a Restate server")
    if not is_refusal:
        fail(
            f"no Restate server answers at {url} ({error.__cause__}): start one with "
            "`npx restate-server`, or say with --admin-url or RESTATE_ADMIN_URL where it is"
        )
    notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
    reason = _TWICE.sub(r"\1", error.reason or "")
    if reason.startswith(_UNREACHABLE):
        notes += (
            "; serve it first, as with `restate-proto serve`, and give the address at which the "
            "Restate server reaches it"
        )
    fail(f"the Restate server at {url} refused: {reason}{notes}")
