"""`restate-proto deploy`: registers an endpoint, so that it gets new invocations of its services."""

from __future__ import annotations

import sys
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.admin import (
    DEFAULT_ADMIN_URL,
    AdminUrl,
    AuthToken,
    Yes,
    admin_client,
    check_url,
)
from restate_proto.cli.deploy_plan import Action, plan_deployment
from restate_proto.cli.deploy_report import DeployReport, OlderDeployments
from restate_proto.cli.deploy_verdict import judge
from restate_proto.cli.draining import older_deployments, prune, wait_drained
from restate_proto.cli.human_readable import read_duration
from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.printing import Json
from restate_proto.cli.replay import IN_FLIGHT, run_on_server

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.cli.deploy_plan import DeployPlan
    from restate_proto.cli.deploy_verdict import Verdict
    from restate_proto.cli.deployment_status import DeploymentStatus
    from restate_proto.ingress.admin import AdminClient

__all__ = ["NOT_DRAINED", "deploy_command"]

NOT_DRAINED = 3
"""The exit code if the endpoint is deployed, but older deployments were not drained in time."""


class Check(Enum):
    """The check that --check makes before anything is registered."""

    REPLAY = "replay"


def deploy_command(
    address: Annotated[
        str,
        typer.Argument(
            metavar="URL",
            help="The endpoint's address, as the Restate server reaches it; or the ARN of the "
            "version of a Lambda function.",
        ),
    ] = "http://127.0.0.1:9080",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    breaking: Annotated[
        bool,
        typer.Option("--breaking", help="Deploy even if that breaks the registered contract."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace the registration of that address. For development only."
        ),
    ] = False,
    check: Annotated[
        Check | None,
        typer.Option(
            help="Run the code of --endpoint on the journals of invocations in flight, and register "
            "nothing if it does something other than they say.",
            show_default=False,
        ),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(
            "--endpoint",
            metavar="MODULE:ENDPOINT",
            help="The code that is served at URL, for --check.",
            show_default=False,
        ),
    ] = None,
    use_http_11: Annotated[
        bool,
        typer.Option("--use-http1.1", help="For endpoints behind servers without HTTP/2."),
    ] = False,
    drain_timeout: Annotated[
        timedelta | None,
        typer.Option(
            "--wait-drained",
            metavar="DURATION",
            parser=read_duration,
            help="Wait until nothing is in flight on older deployments, at most for this long: 10m.",
            show_default=False,
        ),
    ] = None,
    remove_drained: Annotated[
        bool,
        typer.Option("--prune", help="Remove older deployments on which nothing is in flight."),
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Register an endpoint, so that new invocations of its services go to it.

    Says what changes, and compares the contract with the registered one. What has begun on
    older deployments ends there: --wait-drained waits for it, --prune removes the deployments.

    Exits with 0 if the endpoint is deployed, 1 if not, 2 if the command is wrong, and 3 if it is
    deployed, but older deployments were not drained in time.
    """
    if not address.startswith("arn:"):
        check_url(address, "the endpoint's address", "http://127.0.0.1:9080")
    if remove_drained and not yes and not dry_run and not sys.stdin.isatty():
        fail(
            "--prune removes deployments, but there is no terminal to ask on; write --yes",
            code=MISUSED,
        )
    if (check is None) != (code is None):
        fail("--check replay needs --endpoint MODULE:ENDPOINT", code=MISUSED)
    with admin_client(admin_url, auth_token) as admin:
        plan = plan_deployment(admin, address, use_http_11=use_http_11)
        verdict = judge(plan.current, plan.served)
        report = DeployReport(plan, verdict, as_json=as_json)
        refusal = _refusal(plan, verdict, breaking=breaking, force=force)
        if code is not None:
            replayed = run_on_server(code, admin, where=IN_FLIGHT, services=plan.services)
            report.show_replay(replayed)
            if replayed.differences and refusal is None:
                refusal = (
                    "nothing is registered, because the code does something other than journals of "
                    "invocations in flight say; see above what to do, or leave out --check"
                )
        if dry_run or refusal:
            report.show_plan(plan.deployment_id, done=False)
            older = older_deployments(admin, plan.services)
            report.show_older(OlderDeployments.load(admin, older), prunes=True)
            report.close(refusal)
            if refusal:
                fail(refusal)
            return
        deployment_id = _carry_out(admin, plan, breaking=breaking, use_http_11=use_http_11)
        report.show_plan(deployment_id, done=True)
        undrained: Sequence[DeploymentStatus] = ()
        if drain_timeout is not None:
            undrained = wait_drained(admin, plan.services, drain_timeout)
        removed: Sequence[DeploymentStatus] = ()
        kept = older_deployments(admin, plan.services)
        if remove_drained:
            removed, kept = prune(admin, plan.services, yes=yes)
        report.show_older(OlderDeployments.load(admin, kept, removed), prunes=True)
        report.close()
    if undrained:
        raise typer.Exit(NOT_DRAINED)


def _refusal(plan: DeployPlan, verdict: Verdict, *, breaking: bool, force: bool) -> str | None:
    """Return why nothing is registered, if so."""
    if plan.action is Action.REPLACE and not force:
        return (
            "nothing is registered: serve the new version at another address and deploy that, so "
            "that what has begun ends on the old one; in development, write --force to replace "
            "what is registered"
        )
    if plan.action is not Action.NOTHING and verdict.breaks and not breaking:
        return "nothing is registered, because it would break the above; write --breaking to deploy anyway"
    return None


def _carry_out(admin: AdminClient, plan: DeployPlan, *, breaking: bool, use_http_11: bool) -> str:
    """Carry out the plan, and return the id of the deployment."""
    if plan.action is Action.NOTHING:
        assert plan.deployment_id is not None
        return plan.deployment_id
    return admin.register(
        plan.address,
        force=plan.action is not Action.REGISTER,
        breaking=breaking,
        use_http_11=use_http_11,
    ).id
