"""`restate-proto deployments`: lists deployments, with the invocations in flight on each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from restate_proto.cli.admin import DEFAULT_ADMIN_URL, AdminUrl, AuthToken, admin_client
from restate_proto.cli.deployment_status import load_deployments
from restate_proto.cli.draining import in_flight_words
from restate_proto.cli.human_readable import show_ago
from restate_proto.cli.printing import Json, print_json, print_lines, print_table

if TYPE_CHECKING:
    from restate_proto.cli.deployment_status import DeploymentStatus

__all__ = ["deployments_command"]


def deployments_command(
    *,
    as_json: Json = False,
    admin_url: AdminUrl = DEFAULT_ADMIN_URL,
    auth_token: AuthToken = None,
) -> None:
    """List the deployments, newest first: addresses, and the invocations in flight on each.

    A deployment is current if new invocations of one of its services go to it. Otherwise it is
    draining until all invocations that began on it have ended, and then drained.
    """
    with admin_client(admin_url, auth_token) as admin:
        deployments = load_deployments(admin)
    if as_json:
        print_json({"deployments": [_document(each) for each in deployments]})
    elif deployments:
        print_table(
            ("Deployment", "Status", "In flight", "Oldest", "Services"), map(_row, deployments)
        )
    else:
        print_lines(["no deployments; `restate-proto deploy URL` makes one"])


def _row(deployment: DeploymentStatus) -> tuple[str, ...]:
    oldest = deployment.oldest
    services = (
        f"{name}{'' if name in deployment.current else ' (older)'}" for name in deployment.services
    )
    return (
        f"{deployment.id}\n{deployment.address}",
        deployment.word,
        in_flight_words(deployment),
        "" if oldest is None else show_ago(oldest, datetime.now(UTC)),
        "\n".join(services),
    )


def _document(deployment: DeploymentStatus) -> dict[str, Any]:
    oldest = deployment.oldest
    description = deployment.description
    return {
        "id": deployment.id,
        "address": deployment.address,
        "status": deployment.word,
        "created_at": deployment.created_at.isoformat(),
        "sdk_version": description.get("sdk_version"),
        "metadata": dict(description.get("metadata") or {}),
        "services": [
            {"name": name, "revision": revision, "current": name in deployment.current}
            for name, revision in deployment.services.items()
        ],
        "in_flight": dict(deployment.in_flight),
        "in_flight_total": deployment.total,
        "oldest": None if oldest is None else oldest.isoformat(),
    }
