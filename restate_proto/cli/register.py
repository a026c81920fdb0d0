"""`restate-proto register`: tells a Restate server where an endpoint is."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.registration_changes import compare_services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.cli.registration_changes import ServiceChange
    from restate_proto.ingress import AdminClient, IngressError

__all__ = ["register_command"]


def register_command(
    endpoint_url: Annotated[
        str, typer.Argument(help="The endpoint's address, as the Restate server reaches it.")
    ] = "http://127.0.0.1:9080",
    *,
    admin_url: Annotated[
        str, typer.Option(help="The Restate server's admin address.")
    ] = "http://127.0.0.1:9070",
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace what is registered at that address. For development only."
        ),
    ] = False,
) -> None:
    """Register an endpoint with a Restate server, and list its services and what is new in them.

    Exits with 0 where the services that are served there now are registered, and with 1 where not.
    """
    for url in (endpoint_url, admin_url):
        if not url.startswith(("http://", "https://")):
            fail(f"{url!r} is not a URL, such as http://127.0.0.1:9080", code=MISUSED)
    from restate_proto.ingress import AdminClient, IngressError  # noqa: PLC0415 - `--help` should not wait for it

    try:
        admin = AdminClient(admin_url)
    except ValueError as error:
        fail(str(error), code=MISUSED)
    try:
        _register(admin, endpoint_url, force=force)
    except IngressError as error:
        _fail(admin, admin_url, endpoint_url, error)


def _register(admin: AdminClient, endpoint_url: str, *, force: bool) -> None:
    """Registers an endpoint, and says what comes of it.

    Restate looks at an endpoint once: to register its address again does nothing, whatever is
    served there by now. So the server is asked first to look without registering anything.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    served = admin.register(endpoint_url, force=True, dry_run=True)
    before = admin.services() if served.is_new else admin.deployment(served.id).descriptions
    changes = compare_services(before, served.descriptions)
    if served.is_new:
        # Services of other deployments stay.
        changes = tuple(change for change in changes if change.change != "gone")
    if served.is_new or force:
        registered = admin.register(endpoint_url, force=force)
        word = "Registered" if served.is_new else "Replaced what is registered at"
        _print(f"{word} {endpoint_url} as {registered.id}", changes)
    elif all(change.is_unchanged for change in changes):
        _print(
            f"{endpoint_url} is registered as {served.id}, and serves what it did: nothing to do",
            changes,
        )
    else:
        _print(
            f"{endpoint_url} serves something else than what is registered as {served.id}", changes
        )
        fail(
            "nothing is registered: serve the new version at another address and register that, "
            "so that what has begun ends on the old one; in development, write --force to "
            "replace what is registered"
        )


def _fail(admin: AdminClient, admin_url: str, endpoint_url: str, error: IngressError) -> NoReturn:
    """Ends the command; what the server looked at in vain may be registered all the same."""
    from restate_proto.ingress import IngressError, InvalidResponseError  # noqa: PLC0415 - as above

    is_refusal = error.status is not None and error.status >= HTTPStatus.BAD_REQUEST
    if isinstance(error, InvalidResponseError) and not is_refusal:
        fail(f"what answers at {admin_url} is not a Restate server's admin API")
    if not is_refusal:
        fail(f"no Restate server answers at {admin_url} ({error.__cause__}); is --admin-url right?")
    note = ""
    try:
        deployment = admin.register(endpoint_url, dry_run=True)
    except IngressError:
        pass
    else:
        if not deployment.is_new:
            note = f"; {endpoint_url} stays registered as {deployment.id}"
    fail(f"the Restate server at {admin_url} refused: {error.reason}{note}")


def _print(title: str, changes: Iterable[ServiceChange]) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--help` should not wait for it
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table("Service", "Kind", "Handlers", "Change")
    for service in changes:
        table.add_row(service.name, service.kind, ", ".join(service.handlers), service.change)
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(title, soft_wrap=True)
    console.print(table)
