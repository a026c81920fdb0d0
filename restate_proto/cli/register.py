"""`restate-proto register`: tells a Restate server where an endpoint is."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.admin import DEFAULT_ADMIN_URL, AdminUrl, AuthToken, admin_client, check_url
from restate_proto.cli.output import fail
from restate_proto.cli.registration_changes import compare_services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.cli.registration_changes import ServiceChange
    from restate_proto.ingress import AdminClient, Deployment

__all__ = ["register_command"]


def register_command(
    endpoint_url: Annotated[
        str, typer.Argument(help="The endpoint's address, as the Restate server reaches it.")
    ] = "http://127.0.0.1:9080",
    *,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
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
    check_url(endpoint_url)
    with admin_client(admin_url, auth_token) as admin:
        _register(admin, endpoint_url, force=force)


def _register(admin: AdminClient, endpoint_url: str, *, force: bool) -> None:
    """Registers an endpoint, and says what comes of it.

    Restate looks at an endpoint once: to register its address again does nothing, whatever is
    served there by now. So the server is asked first to look without registering anything.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    served = _look_at(admin, endpoint_url)
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


def _look_at(admin: AdminClient, endpoint_url: str) -> Deployment:
    """Returns what is served at an address now; what was may be registered where nothing is."""
    from restate_proto.ingress import IngressError  # noqa: PLC0415 - `--help` should not wait for it

    try:
        return admin.register(endpoint_url, force=True, dry_run=True)
    except IngressError as error:
        with suppress(IngressError):
            known = admin.register(endpoint_url, dry_run=True)
            if not known.is_new:
                error.add_note(f"{endpoint_url} stays registered as {known.id}")
        raise


def _print(title: str, changes: Iterable[ServiceChange]) -> None:
    from rich.console import Console  # noqa: PLC0415 - `--help` should not wait for it
    from rich.table import Table  # noqa: PLC0415 - as above

    table = Table("Service", "Kind", "Handlers", "Change")
    for service in changes:
        table.add_row(service.name, service.kind, ", ".join(service.handlers), service.change)
    console = Console(highlight=False, markup=False, emoji=False)
    console.print(title, soft_wrap=True)
    console.print(table)
