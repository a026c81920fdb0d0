"""`restate-proto invocations`: shows invocations and why they do not end, and acts on them."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.admin import DEFAULT_ADMIN_URL, AdminUrl, AuthToken, Yes, admin_client
from restate_proto.cli.contract_options import Include
from restate_proto.cli.human_readable import read_duration
from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.printing import Json
from restate_proto.cli.service_types import (
    EndpointOption,
    ProtoOption,
    find_services,
)

if TYPE_CHECKING:
    from restate_proto.ingress.introspection import InvocationFilter

__all__ = ["invocations_app"]

invocations_app = typer.Typer(
    name="invocations",
    help="Show the invocations on a Restate server and why they have not ended, and act on them.",
    no_args_is_help=True,
)

_FILTERS = "Which invocations"

Ids = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID...", help="The ids of the invocations.", show_default=False),
]
Services = Annotated[
    list[str] | None,
    typer.Option(
        "--service",
        "-s",
        metavar="NAME",
        help="Of this service, such as shop.v1.Cart; this option and the others may be repeated.",
        rich_help_panel=_FILTERS,
    ),
]
Handlers = Annotated[
    list[str] | None,
    typer.Option("--handler", metavar="NAME", help="Of this handler.", rich_help_panel=_FILTERS),
]
Keys = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        "-k",
        metavar="KEY",
        help="For this object key or workflow id.",
        rich_help_panel=_FILTERS,
    ),
]
Statuses = Annotated[
    list[str] | None,
    typer.Option(
        "--status",
        metavar="STATUS",
        help="pending, scheduled, ready, running, backing-off, suspended, paused or completed.",
        rich_help_panel=_FILTERS,
    ),
]
OlderThan = Annotated[
    str | None,
    typer.Option(
        "--older-than",
        metavar="DURATION",
        help="Created at least that long ago: 90s, 5m, 1h30m, 2d.",
        rich_help_panel=_FILTERS,
        show_default=False,
    ),
]
DeploymentOption = Annotated[
    str | None,
    typer.Option(
        "--deployment",
        metavar="ID|latest|keep",
        help="The deployment to go on with.",
        show_default=False,
    ),
]


@invocations_app.command("list")
def list_command(
    *,
    service: Services = None,
    handler: Handlers = None,
    key: Keys = None,
    status: Statuses = None,
    older_than: OlderThan = None,
    all_: Annotated[
        bool,
        typer.Option("--all", help="Also those that have ended.", rich_help_panel=_FILTERS),
    ] = False,
    limit: Annotated[
        int, typer.Option(min=1, help="How many to show at most, the oldest first.")
    ] = 50,
    as_json: Json = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """List invocations that have not ended, the oldest first, and what each of them waits for."""
    from restate_proto.cli.invocation_list import list_invocations  # noqa: PLC0415 - `--help` should not wait for it

    chosen = _make_filter(service, handler, key, status, older_than)
    with admin_client(admin_url, auth_token) as admin:
        list_invocations(admin, chosen, all_=all_, limit=limit, as_json=as_json)


@invocations_app.command("describe")
def describe_command(
    invocation_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id of the invocation: inv_1...")
    ],
    *,
    entries: Annotated[
        int,
        typer.Option(
            min=0, help="How many entries of the journal to show, the last ones; 0 for all."
        ),
    ] = 100,
    full: Annotated[
        bool, typer.Option("--full", help="Show long payloads and texts in full.")
    ] = False,
    endpoint: EndpointOption = None,
    proto: ProtoOption = None,
    include: Include = None,
    as_json: Json = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Show what one invocation waits for, why it fails, who called it, and its journal as a tree.

    With a contract, payloads are shown as JSON; without one, as their bytes look.
    """
    from restate_proto.cli.invocation_description import describe  # noqa: PLC0415 - as above

    _check_id(invocation_id)
    types = find_services(endpoint, proto, include)
    with admin_client(admin_url, auth_token) as admin:
        describe(admin, invocation_id, types, last=entries or None, full=full, as_json=as_json)


def _add_action(name: str, help_: str) -> None:
    """Add a command that acts on invocations."""

    def command(
        invocation_ids: Ids = None,
        *,
        service: Services = None,
        handler: Handlers = None,
        key: Keys = None,
        status: Statuses = None,
        older_than: OlderThan = None,
        yes: Yes = False,
        admin_url: AdminUrl = DEFAULT_ADMIN_URL,
        auth_token: AuthToken = None,
    ) -> None:
        chosen = (service, handler, key, status, older_than)
        _act(name, invocation_ids, chosen, admin_url, auth_token, yes=yes)

    invocations_app.command(name, help=help_)(command)


for _name, _help in (
    (
        "cancel",
        "Cancel invocations: their handlers get a CancelledError where they wait, and clean up.",
    ),
    (
        "kill",
        "End invocations at once. Their handlers do not clean up; what they have called goes on.",
    ),
    ("pause", "Make no further attempts of invocations that run or fail, until they are resumed."),
    (
        "purge",
        "Forget invocations that have ended: result, journal, idempotency key or workflow id.",
    ),
):
    _add_action(_name, _help)


@invocations_app.command("resume")
def resume_command(
    invocation_ids: Ids = None,
    *,
    service: Services = None,
    handler: Handlers = None,
    key: Keys = None,
    status: Statuses = None,
    older_than: OlderThan = None,
    deployment: DeploymentOption = None,
    yes: Yes = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Resume paused invocations; those that are backing off make their next attempt now.

    Without --deployment, an invocation stays on its own. `latest` moves paused ones to the newest
    deployment, whose code has to fit their journals; `describe` shows a journal.
    """
    chosen = (service, handler, key, status, older_than)
    _act("resume", invocation_ids, chosen, admin_url, auth_token, yes=yes, deployment=deployment)


@invocations_app.command("restart-as-new")
def restart_command(
    invocation_ids: Ids = None,
    *,
    service: Services = None,
    handler: Handlers = None,
    key: Keys = None,
    status: Statuses = None,
    older_than: OlderThan = None,
    from_: Annotated[
        int | None,
        typer.Option(
            "--from",
            metavar="N",
            min=0,
            help="Take over the journal up to its entry N, as describe numbers them.",
            show_default=False,
        ),
    ] = None,
    deployment: DeploymentOption = None,
    yes: Yes = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Restart ended invocations as new ones with the same input, on the newest deployment."""
    if deployment is not None and from_ is None:
        fail(
            "--deployment only works with --from: without it, the newest deployment is used",
            code=MISUSED,
        )
    _act(
        "restart-as-new",
        invocation_ids,
        (service, handler, key, status, older_than),
        admin_url,
        auth_token,
        yes=yes,
        deployment=deployment,
        from_entry=from_,
    )


def _check_id(invocation_id: str) -> None:
    from restate_proto.protocol.ids import invocation_id_bytes  # noqa: PLC0415 - as above

    try:
        invocation_id_bytes(invocation_id)
    except ValueError as error:
        fail(str(error), code=MISUSED)


def _make_filter(
    services: list[str] | None,
    handlers: list[str] | None,
    keys: list[str] | None,
    statuses: list[str] | None,
    older_than: str | None,
    *,
    ids: list[str] | None = None,
) -> InvocationFilter:
    from restate_proto.ingress.introspection import STATUSES, InvocationFilter  # noqa: PLC0415 - `--help` should not wait for it

    for each in ids or ():
        _check_id(each)
    for status in statuses or ():
        if status not in STATUSES:
            near = difflib.get_close_matches(status, STATUSES, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; it is one of {', '.join(STATUSES)}"
            fail(f"--status {status}: there is no such status{hint}", code=MISUSED)
    return InvocationFilter(
        ids=ids or (),
        services=services or (),
        handlers=handlers or (),
        keys=keys or (),
        statuses=statuses or (),
        older_than=None if older_than is None else read_duration(older_than),
    )


_Filters = tuple[list[str] | None, list[str] | None, list[str] | None, list[str] | None, str | None]


def _act(
    name: str,
    invocation_ids: list[str] | None,
    filters: _Filters,
    admin_url: str,
    auth_token: str | None,
    *,
    yes: bool,
    deployment: str | None = None,
    from_entry: int | None = None,
) -> None:
    if bool(invocation_ids) == any(filters):
        fail("write the ids of invocations, or options that select some", code=MISUSED)
    from restate_proto.cli.invocation_actions import act  # noqa: PLC0415 - `--help` should not wait for it

    chosen = _make_filter(*filters, ids=invocation_ids)
    with admin_client(admin_url, auth_token) as admin:
        act(admin, name, chosen, yes=yes, deployment=deployment, from_entry=from_entry)
