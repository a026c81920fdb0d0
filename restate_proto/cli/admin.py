"""What the commands share that ask a Restate server's admin API: its options, and how they end.

The environment variables are those of Restate's own command, so that a shell that is set up for
one is set up for the other.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from restate_proto.cli.output import MISUSED, fail

if TYPE_CHECKING:
    from collections.abc import Generator

    from restate_proto.ingress import AdminClient, IngressError

__all__ = [
    "DEFAULT_ADMIN_URL",
    "AdminUrl",
    "AuthToken",
    "Yes",
    "admin_client",
    "check_url",
    "confirm",
]

DEFAULT_ADMIN_URL = "http://127.0.0.1:9070"
"""Where a server on this machine has its admin API."""

AdminUrl = Annotated[
    str,
    typer.Option(
        "--admin-url",
        metavar="URL",
        envvar="RESTATE_ADMIN_URL",
        help="The Restate server's admin address.",
    ),
]
"""The option for where the admin API is."""

AuthToken = Annotated[
    str | None,
    typer.Option(
        "--auth-token",
        metavar="TOKEN",
        envvar="RESTATE_AUTH_TOKEN",
        help="What the admin API asks for as a bearer token; rather in the environment, since "
        "others on this machine see a command's options.",
        show_default=False,
    ),
]
"""The option for the token that the admin API asks for."""

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before something is removed.")]
"""The option that answers every question of a command."""


@contextmanager
def admin_client(url: str, token: str | None) -> Generator[AdminClient]:
    """Lets a block ask the admin API, and ends the command where that goes wrong.

    Args:
        url: where the admin API is.
        token: the bearer token, if it asks for one.

    Yields:
        The client.

    Raises:
        typer.Exit: the URL or the token is wrong, or the block raised an `IngressError`.
    """
    from restate_proto.ingress import AdminClient, IngressError  # noqa: PLC0415 - `--help` should not wait for it

    check_url(url)
    try:
        client = AdminClient(url, token=token or None)
    except ValueError as error:
        fail(str(error), code=MISUSED)
    try:
        yield client
    except IngressError as error:
        _fail(url, error)


def check_url(url: str) -> None:
    """Ends the command where a URL has no scheme, such as `localhost:9080`."""
    if not url.startswith(("http://", "https://")):
        fail(f"{url!r} is not a URL, such as http://127.0.0.1:9080", code=MISUSED)


def confirm(question: str, *, yes: bool) -> None:
    """Asks before something is removed, and ends the command where the answer is no.

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
    """Ends the command with what has gone wrong, in one line."""
    from restate_proto.ingress import InvalidResponseError  # noqa: PLC0415 - as above

    is_refusal = error.status is not None and error.status >= HTTPStatus.BAD_REQUEST
    if error.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        fail(f"the admin API at {url} wants another token than RESTATE_AUTH_TOKEN or --auth-token")
    if isinstance(error, InvalidResponseError) and not is_refusal:
        fail(f"what answers at {url} is not a Restate server's admin API")
    if not is_refusal:
        fail(f"no Restate server answers at {url} ({error.__cause__}); is --admin-url right?")
    notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
    fail(f"the Restate server at {url} refused: {error.reason}{notes}")
