"""The `restate-proto` command: its subcommands, and what all of them share."""

from __future__ import annotations

from typing import Annotated

import typer

from restate_proto.cli.breaking import breaking_command
from restate_proto.cli.deploy import deploy_command
from restate_proto.cli.deployments import deployments_command
from restate_proto.cli.docs import docs_command
from restate_proto.cli.export import export_command
from restate_proto.cli.generate import generate_command
from restate_proto.cli.invocations import invocations_app
from restate_proto.cli.rollback import rollback_command
from restate_proto.cli.serve import serve_command
from restate_proto.cli.state import state_app
from restate_proto.cli.subscriptions import subscriptions_app
from restate_proto.version import __version__

__all__ = ["app"]

app = typer.Typer(
    name="restate-proto",
    help="Durable Python services on Restate, from .proto contracts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("generate")(generate_command)
app.command("export")(export_command)
app.command("breaking")(breaking_command)
app.command("docs")(docs_command)
app.command("serve")(serve_command)
app.command("deploy")(deploy_command)
app.command("rollback")(rollback_command)
app.command("deployments")(deployments_command)
app.add_typer(invocations_app, name="invocations")
app.add_typer(state_app, name="state")
app.add_typer(subscriptions_app, name="subscriptions")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"restate-proto {__version__}")
        raise typer.Exit


@app.callback()
def main(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Durable Python services on Restate, from .proto contracts."""
