"""`restate-proto rollback`: sends new invocations to an older deployment again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.admin import DEFAULT_ADMIN_URL, AdminUrl, AuthToken, admin_client
from restate_proto.cli.deploy_plan import Action, DeployPlan
from restate_proto.cli.deploy_report import DeployReport, OlderDeployments
from restate_proto.cli.deploy_verdict import judge
from restate_proto.cli.deployment_status import load_deployments
from restate_proto.cli.draining import older_deployments
from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.printing import Json
from restate_proto.cli.service_changes import compare_services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.cli.deployment_status import DeploymentStatus
    from restate_proto.ingress.admin import AdminClient

__all__ = ["rollback_command"]


def rollback_command(
    deployment_id: Annotated[
        str | None,
        typer.Argument(
            metavar="DEPLOYMENT",
            help="The id of the deployment, of those that `restate-proto deployments` lists. By "
            "default the one before the current one.",
            show_default=False,
        ),
    ] = None,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")
    ] = False,
    as_json: Json = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """Send new invocations to an older deployment again, which must still be served.

    What has begun on the newer deployment ends there, so keep serving it as well. Services that
    only the newer one has stay on it. What the older contract breaks is reported, but does not stop
    it.

    Exits with 0 if new invocations go to the older deployment, 1 if not, and 2 if the
    command is wrong, or which deployment is meant is not clear.
    """
    with admin_client(admin_url, auth_token) as admin:
        deployment = _find(load_deployments(admin), deployment_id)
        plan = _plan(admin, deployment)
        report = DeployReport(plan, judge(plan.current, plan.served), as_json=as_json)
        refusal = None
        if plan.action is Action.REPLACE:
            refusal = (
                f"nothing is changed: {deployment.address} does not serve what is registered as "
                f"{deployment.id}; serve that version there again, or deploy it at "
                "another address"
            )
        elif plan.action is Action.MAKE_CURRENT and not dry_run:
            admin.register_again(deployment.description)
        report.show_plan(deployment.id, done=not refusal and not dry_run)
        others = [it for it in older_deployments(admin, plan.services) if it.id != deployment.id]
        report.show_older(OlderDeployments.load(admin, others), prunes=False)
        report.close(refusal)
    if refusal:
        fail(refusal)


def _find(deployments: Sequence[DeploymentStatus], wanted: str | None) -> DeploymentStatus:
    if wanted is not None:
        for each in deployments:
            if each.id == wanted:
                return each
        fail(
            f"there is no deployment {wanted}; `restate-proto deployments` lists them", code=MISUSED
        )
    found = _before_current(deployments)
    if not found:
        fail("nothing to go back to: no deployment is older than a current one", code=MISUSED)
    if len(found) > 1:
        listed = ", ".join(map(str, found))
        fail(f"several are older than a current one; name one of them: {listed}", code=MISUSED)
    return found[0]


def _before_current(deployments: Sequence[DeploymentStatus]) -> list[DeploymentStatus]:
    """Return, for each current deployment, the newest other one with one of its services."""
    found: list[DeploymentStatus] = []
    for current in deployments:
        for each in deployments:  # newest first
            if not each.current and not each.services.keys().isdisjoint(current.current):
                if each not in found:
                    found.append(each)
                break
    return found


def _plan(admin: AdminClient, deployment: DeploymentStatus) -> DeployPlan:
    """Look at the older deployment, which may serve something else by now.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    served = admin.register_again(deployment.description, dry_run=True).descriptions
    registered = admin.deployment(deployment.id).descriptions
    names = {service["name"] for service in served}
    current = tuple(service for service in admin.services() if service["name"] in names)
    changes = compare_services(registered, served)
    action = Action.NOTHING
    if not all(change.is_unchanged for change in changes):
        action = Action.REPLACE
    elif any(service["deployment_id"] != deployment.id for service in current):
        action = Action.MAKE_CURRENT
        changes = compare_services(current, served)
    return DeployPlan(deployment.address, action, deployment.id, current, served, changes)
