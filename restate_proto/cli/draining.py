"""Wait until nothing is in flight on older deployments, and remove them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from restate_proto.cli.admin import confirm
from restate_proto.cli.deployment_status import load_deployments
from restate_proto.cli.progress import showing_progress

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import timedelta

    from restate_proto.cli.deployment_status import DeploymentStatus
    from restate_proto.ingress.admin import AdminClient

__all__ = ["in_flight_words", "older_deployments", "prune", "wait_drained"]

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.2, 2.0  # seconds between two looks


def older_deployments(admin: AdminClient, services: Iterable[str]) -> tuple[DeploymentStatus, ...]:
    """Return the deployments that have one of these services, and are not current for any service.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    names = set(services)
    return tuple(
        each
        for each in load_deployments(admin)
        if not each.current and not names.isdisjoint(each.services)
    )


def wait_drained(
    admin: AdminClient, services: Sequence[str], timeout: timedelta
) -> tuple[DeploymentStatus, ...]:
    """Wait until all invocations that began on older deployments have ended, or are paused.

    Args:
        admin: asks the server.
        services: the names of the services whose older deployments count.
        timeout: how long to wait at most.

    Returns:
        The older deployments that are not drained, because the time is over or because they have
        paused invocations, which wait for somebody to resume or kill them.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    deadline = time.monotonic() + timeout.total_seconds()
    pause = _SHORTEST_PAUSE
    with showing_progress() as show:
        while True:
            draining = [each for each in older_deployments(admin, services) if each.total]
            waiting = [each for each in draining if each.total > each.paused]
            left = deadline - time.monotonic()
            if not waiting or left <= 0:
                return tuple(draining)
            show(
                "waiting for what is in flight on older deployments: "
                + ", ".join(f"{each.id}: {in_flight_words(each)}" for each in waiting)
            )
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)


def prune(
    admin: AdminClient, services: Sequence[str], *, yes: bool
) -> tuple[tuple[DeploymentStatus, ...], tuple[DeploymentStatus, ...]]:
    """Remove older deployments on which nothing is in flight.

    Args:
        admin: asks the server.
        services: the names of the services whose older deployments count.
        yes: whether to remove them without asking.

    Returns:
        Those that were removed, and those that are kept.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    drained = {each.id: each for each in older_deployments(admin, services) if not each.total}
    if drained:
        listed = ", ".join(map(str, drained.values()))
        confirm(f"Remove {listed}, on which nothing is in flight?", yes=yes)
    removed: list[DeploymentStatus] = []
    kept: list[DeploymentStatus] = []
    # Checked again, because somebody may have rolled back while the question waited for an answer.
    for each in older_deployments(admin, services):
        if each.id in drained and not each.total:
            admin.remove_deployment(each.id)
            removed.append(each)
        else:
            kept.append(each)
    return tuple(removed), tuple(kept)


def in_flight_words(deployment: DeploymentStatus) -> str:
    """Say what is in flight on a deployment: "2 running, 1 suspended", or "nothing"."""
    return (
        ", ".join(f"{count} {status}" for status, count in deployment.in_flight.items())
        or "nothing"
    )
