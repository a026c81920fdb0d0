"""`restate-proto subscriptions`: lists, adds and removes subscriptions of handlers to Kafka topics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from restate_proto.cli.admin import (
    DEFAULT_ADMIN_URL,
    AdminUrl,
    AuthToken,
    Yes,
    admin_client,
    confirm,
)
from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.printing import Json, print_json, print_lines, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["subscriptions_app"]

subscriptions_app = typer.Typer(
    help="List, add and remove subscriptions: topics of Kafka whose records invoke a handler.",
    no_args_is_help=True,
)


@subscriptions_app.command("list")
def list_command(
    *,
    as_json: Json = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """List the subscriptions."""
    with admin_client(admin_url, auth_token) as admin:
        found = admin.subscriptions()
    if as_json:
        print_json({"subscriptions": list(found)})
    elif found:
        print_table(("Subscription", "Topic", "Handler", "Options"), map(_row, found))
    else:
        print_lines(["no subscriptions; `restate-proto subscriptions add` makes one"])


@subscriptions_app.command("add")
def add_command(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="CLUSTER/TOPIC", help="The topic, of a Kafka cluster that the server knows."
        ),
    ],
    handler: Annotated[
        str,
        typer.Argument(
            metavar="SERVICE/HANDLER",
            help="The handler that each record invokes. The key of a record is the key of a virtual object, or "
            "the id of a workflow.",
        ),
    ],
    *,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--option",
            "-o",
            metavar="NAME=VALUE",
            help="An option of Kafka's client, such as auto.offset.reset=earliest.",
        ),
    ] = None,
    as_json: Json = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Let each record of a topic invoke a handler.

    The cluster is in the server's configuration (`ingress.kafka-clusters`), or was registered with it. Whether its brokers answer shows in the server's log only.
    """
    source, sink = (
        _uri("kafka", topic, "events/orders"),
        _uri("service", handler, "shop.v1.Cart/Add"),
    )
    chosen = dict(_option(text) for text in options or [])
    with admin_client(admin_url, auth_token) as admin:
        added = admin.subscribe(source, sink, chosen)
    if as_json:
        print_json(added)
    else:
        print_lines([f"Added {added['id']}: {added['source']} to {added['sink']}"])


@subscriptions_app.command("remove")
def remove_command(
    subscription_id: Annotated[
        str,
        typer.Argument(metavar="SUBSCRIPTION", help="The id, such as sub_13Sedyku6jwBduWW54yp7Z7."),
    ],
    *,
    yes: Yes = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Remove a subscription. Invocations by its records go on."""
    with admin_client(admin_url, auth_token) as admin:
        found = {each["id"]: each for each in admin.subscriptions()}.get(subscription_id)
        if found is None:
            fail(
                f"there is no subscription {subscription_id}; `restate-proto subscriptions list` "
                "lists them"
            )
        confirm(f"Remove {subscription_id}, {found['source']} to {found['sink']}?", yes=yes)
        admin.unsubscribe(subscription_id)
    print_lines([f"Removed {subscription_id}"])


def _uri(scheme: str, text: str, example: str) -> str:
    """Write a name as the server expects it, with the scheme, which the text may have already."""
    name = text.removeprefix(f"{scheme}://")
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", name):
        fail(f"{text!r} is not of the form {example}", code=MISUSED)
    return f"{scheme}://{name}"


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        fail(f"--option {text!r} is not NAME=VALUE", code=MISUSED)
    return name, value


def _row(subscription: Mapping[str, Any]) -> tuple[str, ...]:
    options = sorted(subscription["options"].items())
    return (
        subscription["id"],
        subscription["source"].removeprefix("kafka://"),
        subscription["sink"].removeprefix("service://"),
        "\n".join(f"{name}={value}" for name, value in options),
    )
