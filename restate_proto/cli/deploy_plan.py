"""Find out what a deployment would change, before anything is registered."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from restate_proto.cli.service_changes import compare_services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.cli.service_changes import ServiceChange
    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.admin_answers import Deployment

__all__ = ["Action", "DeployPlan", "look_at", "plan_deployment"]


class Action(Enum):
    """What to do so that new invocations reach the endpoint at an address."""

    REGISTER = "register"
    """The address is new."""

    REPLACE = "replace"
    """The address is registered with other services than it serves now."""

    MAKE_CURRENT = "make-current"
    """The registration is up to date, but another deployment is current for a service."""

    NOTHING = "nothing"
    """The registration is up to date, and current for all its services."""


@dataclass(frozen=True, slots=True)
class DeployPlan:
    """What a deployment would change.

    Args:
        address: the endpoint's URL, or the ARN of a Lambda function.
        action: what to do.
        deployment_id: the id under which the address is registered; None if it is new.
        current: the services that new invocations reach now, as the admin API describes them.
        served: the services that new invocations would reach.
        changes: the change of each service, including those that the address no longer has.
    """

    address: str
    action: Action
    deployment_id: str | None
    current: tuple[Mapping[str, Any], ...]
    served: tuple[Mapping[str, Any], ...]
    changes: tuple[ServiceChange, ...]

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services that are served at the address."""
        return tuple(service["name"] for service in self.served)


def plan_deployment(admin: AdminClient, address: str, *, use_http_11: bool = False) -> DeployPlan:
    """Look at an endpoint and at what is registered, and change nothing.

    Restate asks an endpoint for its services only once: registering its address again does nothing,
    whatever is served there by now. So this asks the server for a dry run.

    Args:
        admin: asks the server.
        address: the endpoint's URL, or the ARN of a Lambda function.
        use_http_11: for endpoints that do not talk HTTP/2.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does.
    """
    served = look_at(admin, address, use_http_11=use_http_11)
    names = set(served.services)
    current = tuple(service for service in admin.services() if service["name"] in names)
    if served.is_new:
        changes = compare_services(current, served.descriptions)
        return DeployPlan(address, Action.REGISTER, None, current, served.descriptions, changes)
    changes = compare_services(admin.deployment(served.id).descriptions, served.descriptions)
    if not all(change.is_unchanged for change in changes):
        action = Action.REPLACE
        gone = {change.name for change in changes if change.change == "gone"}
        current += tuple(
            service
            for service in admin.services()
            if service["name"] in gone and service["deployment_id"] == served.id
        )
    elif any(service["deployment_id"] != served.id for service in current):
        action = Action.MAKE_CURRENT
        changes = compare_services(current, served.descriptions)
    else:
        action = Action.NOTHING
    return DeployPlan(address, action, served.id, current, served.descriptions, changes)


def look_at(admin: AdminClient, address: str, *, use_http_11: bool = False) -> Deployment:
    """Return what is served at an address, without registering it.

    Raises:
        IngressError: the server refuses, or does not answer as an admin API does. If the address is
            registered but nothing is served there, a note says so.
    """
    from restate_proto.ingress.errors import IngressError  # noqa: PLC0415 - `--help` should not wait for it

    try:
        return admin.register(address, force=True, dry_run=True, use_http_11=use_http_11)
    except IngressError as error:
        with suppress(IngressError):
            known = admin.register(address, dry_run=True)
            if not known.is_new:
                error.add_note(f"{address} stays registered as {known.id}")
        raise
