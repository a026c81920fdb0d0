"""Find out which deployments of a Restate server are current, and what still runs on each.

An invocation stays on the deployment where it began. New ones go to the current deployment of their
service: the last one that was registered with the service.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.rows import Row

__all__ = ["DeploymentStatus", "PausedInvocation", "load_deployments", "paused_on"]

# An invocation is pinned when its first attempt has written something, but runs before that.
_DEPLOYMENT = "coalesce(pinned_deployment_id, last_attempt_deployment_id)"


@dataclass(frozen=True, slots=True)
class DeploymentStatus:
    """A deployment.

    Args:
        description: the admin API's description of it.
        current: the names of the services whose new invocations go to it, sorted.
        in_flight: how many invocations have begun on it and not ended, by their status.
        oldest: when the oldest of these was created; None if there is none.
    """

    description: Mapping[str, Any]
    current: tuple[str, ...]
    in_flight: Mapping[str, int]
    oldest: datetime | None

    @property
    def id(self) -> str:
        """Its id, such as `dp_11nGQpCRmau6ypL82KH2TnP`."""
        return self.description["id"]

    @property
    def address(self) -> str:
        """Its URL, or the ARN of a Lambda function."""
        return self.description.get("uri") or self.description["arn"]

    @property
    def created_at(self) -> datetime:
        """When it was registered last."""
        return datetime.fromisoformat(self.description["created_at"])

    @property
    def services(self) -> Mapping[str, int]:
        """The revisions of its services by their names, in the order of the names."""
        listed = sorted(self.description["services"], key=lambda service: service["name"])
        return {service["name"]: service["revision"] for service in listed}

    @property
    def total(self) -> int:
        """How many invocations that began on it have not ended."""
        return sum(self.in_flight.values())

    @property
    def paused(self) -> int:
        """How many of these wait until somebody resumes or kills them."""
        return self.in_flight.get("paused", 0)

    @property
    def word(self) -> str:
        """Its status: "current", "draining" or "drained"."""
        if self.current:
            return "current"
        return "draining" if self.total else "drained"

    def __str__(self) -> str:
        return f"{self.id} ({self.address})"


@dataclass(frozen=True, slots=True)
class PausedInvocation:
    """An invocation that waits for somebody to resume or to kill it.

    Args:
        id: its id.
        target: its handler, such as `shop.v1.Cart/ada/Checkout`.
    """

    id: str
    target: str


def load_deployments(admin: AdminClient) -> tuple[DeploymentStatus, ...]:
    """Return all deployments, the newest first.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    current: dict[str, list[str]] = {}
    for service in admin.services():
        current.setdefault(service["deployment_id"], []).append(service["name"])
    rows = admin.query(
        f"SELECT {_DEPLOYMENT} AS deployment, status, count(1) AS invocations,"  # noqa: S608 - a constant
        " min(created_at) AS oldest FROM sys_invocation WHERE status <> 'completed' GROUP BY 1, 2"
    )
    found = (
        _status(description, current.get(description["id"], ()), rows)
        for description in admin.deployments()
    )
    return tuple(sorted(found, key=lambda each: each.created_at, reverse=True))


def paused_on(admin: AdminClient, deployment_id: str) -> tuple[PausedInvocation, ...]:
    """Return the invocations that are paused on a deployment, the oldest first.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    rows = admin.query(
        f"SELECT id, target FROM sys_invocation WHERE {_DEPLOYMENT} = '{deployment_id}'"  # noqa: S608 - the server made the id
        " AND status = 'paused' ORDER BY created_at"
    )
    return tuple(PausedInvocation(row["id"], row["target"]) for row in rows)


def _status(
    description: Mapping[str, Any], current: Iterable[str], rows: Iterable[Row]
) -> DeploymentStatus:
    own = [row for row in rows if row.get("deployment") == description["id"]]
    return DeploymentStatus(
        description,
        tuple(sorted(current)),
        {row["status"]: row["invocations"] for row in sorted(own, key=lambda row: row["status"])},
        min((row.read("oldest", datetime.fromisoformat) for row in own), default=None),
    )
