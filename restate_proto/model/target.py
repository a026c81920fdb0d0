"""What a call by name goes to."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Target"]


@dataclass(frozen=True, slots=True)
class Target:
    """A handler by name: `Target.service("shop.v1.Checkout", "Checkout")`.

    Args:
        service_name: the Restate name of the service.
        handler_name: the Restate name of the handler.
        key: the object key or workflow id; None for a plain service.
        scope: the scope of the target; needs service protocol v7.
    """

    service_name: str
    handler_name: str
    key: str | None = None
    scope: str | None = None

    @staticmethod
    def service(name: str, handler: str, *, scope: str | None = None) -> Target:
        """A handler of a plain service."""
        return Target(name, handler, None, scope)

    @staticmethod
    def object(name: str, key: str, handler: str, *, scope: str | None = None) -> Target:
        """A handler of a virtual object."""
        return Target(name, handler, key, scope)

    @staticmethod
    def workflow(name: str, key: str, handler: str, *, scope: str | None = None) -> Target:
        """A handler of a workflow."""
        return Target(name, handler, key, scope)

    def __str__(self) -> str:
        middle = "" if self.key is None else f"{self.key}/"
        return f"{self.service_name}/{middle}{self.handler_name}"
