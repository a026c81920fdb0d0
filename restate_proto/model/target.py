"""`Target`: the address of a handler."""

from __future__ import annotations

from dataclasses import dataclass, fields

from restate_proto.model.arguments import STRING, check_string, wrong_type

__all__ = ["Target", "check_target"]


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
        """Address a handler of a plain service."""
        return check_target("Target", Target(name, handler, None, scope))

    @staticmethod
    def object(name: str, key: str, handler: str, *, scope: str | None = None) -> Target:
        """Address a handler of a virtual object."""
        check_string(f"Target {name}/{handler}", "key", key)
        return check_target("Target", Target(name, handler, key, scope))

    @staticmethod
    def workflow(name: str, key: str, handler: str, *, scope: str | None = None) -> Target:
        """Address a handler of a workflow."""
        check_string(f"Target {name}/{handler}", "key", key)
        return check_target("Target", Target(name, handler, key, scope))

    def __str__(self) -> str:
        middle = "" if self.key is None else f"{self.key}/"
        return f"{self.service_name}/{middle}{self.handler_name}"


def check_target(where: str, target: object) -> Target:
    """Refuse a value that is not a target, or a target whose parts are not strings.

    Raises:
        TypeError: the target is not a `Target`, or a part of it is not a str.
    """
    if (
        isinstance(target, Target)
        and isinstance(target.service_name, str)  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        and isinstance(target.handler_name, str)  # pyright: ignore[reportUnnecessaryIsInstance]
        and (target.key is None or isinstance(target.key, str))  # pyright: ignore[reportUnnecessaryIsInstance]
        and (target.scope is None or isinstance(target.scope, str))  # pyright: ignore[reportUnnecessaryIsInstance]
    ):
        return target
    raise _wrong_target(where, target)


def _wrong_target(where: str, target: object) -> TypeError:
    if not isinstance(target, Target):
        expected = "a Target, such as Target.service('shop.v1.Checkout', 'Checkout')"
        return wrong_type(where, "target", target, expected)
    parts = ((each.name, getattr(target, each.name)) for each in fields(target))
    name, value = next(part for part in parts if not isinstance(part[1], str | None))
    return wrong_type(f"Target {target}", name, value, STRING)
