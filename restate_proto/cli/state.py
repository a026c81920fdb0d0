"""`restate-proto state`: reads and writes the state of a key, with the types of the contract."""

from __future__ import annotations

from typing import Annotated

import typer

from restate_proto.cli.admin import DEFAULT_ADMIN_URL, AdminUrl, AuthToken, Yes, admin_client
from restate_proto.cli.contract_options import Include
from restate_proto.cli.service_types import (
    EndpointOption,
    ProtoOption,
    find_services,
    load_services,
)

__all__ = ["state_app"]

state_app = typer.Typer(
    name="state",
    help="Read and write the state of a virtual object or a workflow.",
    no_args_is_help=True,
)

ServiceName = Annotated[
    str, typer.Argument(metavar="SERVICE", help="The object or workflow, such as shop.v1.Cart.")
]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The object key or workflow id.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name of the state.")]
OptionalName = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="The name of the state; all without.", show_default=False),
]
Version = Annotated[
    str | None,
    typer.Option(
        "--version",
        metavar="VERSION",
        help="Write only if the state of the key still has the version that get --version showed. "
        "By default, the version at the beginning of the command.",
        show_default=False,
    ),
]
Plain = Annotated[
    bool,
    typer.Option(
        "--plain",
        help="The value is JSON, and kept as JSON: for state that the contract does not declare.",
    ),
]


@state_app.command("get")
def get_command(
    service: ServiceName,
    key: Key,
    name: OptionalName = None,
    *,
    version: Annotated[
        bool,
        typer.Option("--version", help="Print only the version of the key's state."),
    ] = False,
    endpoint: EndpointOption = None,
    proto: ProtoOption = None,
    include: Include = None,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Print the state of a key as JSON: one value, or an object of all of them.

    Undeclared values are shown by their bytes. Exits with 1 if there is no value.
    """
    from restate_proto.cli.state_values import show_state, show_version  # noqa: PLC0415 - `--help` should not wait for it

    types = find_services(endpoint, proto, include)
    with admin_client(admin_url, auth_token) as admin:
        if version:
            show_version(admin, service, key)
        else:
            show_state(admin, types, service, key, name)


@state_app.command("set")
def set_command(
    service: ServiceName,
    key: Key,
    name: Name,
    value: Annotated[
        str,
        typer.Argument(
            metavar="JSON", help="The value as ProtoJSON; - reads it from stdin, @FILE from a file."
        ),
    ],
    *,
    version: Version = None,
    plain: Plain = False,
    endpoint: EndpointOption = None,
    proto: ProtoOption = None,
    include: Include = None,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Write one value of the state of a key, in the encoding of the contract.

    Restate writes it when no handler holds the key. If one does, the write waits for its turn,
    behind the invocations that wait already.
    """
    from restate_proto.cli.state_values import set_state  # noqa: PLC0415 - as above

    types = (
        find_services(endpoint, proto, include)
        if plain
        else load_services(endpoint, proto, include)
    )
    with admin_client(admin_url, auth_token) as admin:
        set_state(admin, types, service, key, name, value, version=version, plain=plain)


@state_app.command("clear")
def clear_command(
    service: ServiceName,
    key: Key,
    name: OptionalName = None,
    *,
    version: Version = None,
    yes: Yes = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Remove one value of the state of a key, or all of them, when no handler holds the key."""
    from restate_proto.cli.state_values import clear_state  # noqa: PLC0415 - as above

    with admin_client(admin_url, auth_token) as admin:
        clear_state(admin, service, key, name, version=version, yes=yes)
