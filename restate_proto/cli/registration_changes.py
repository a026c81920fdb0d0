"""What a Restate server has registered, beside what an endpoint serves now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["ServiceChange", "compare_services"]

_KINDS = {"Service": "service", "VirtualObject": "virtual object", "Workflow": "workflow"}

# What tells one registration from the next, and nothing of the service.
_BOOKKEEPING = ("deployment_id", "revision")


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A service, and what has become of it.

    Args:
        name: its Restate name.
        kind: what it is, for people.
        handlers: the names of its handlers.
        change: what has become of it: "new", "unchanged", "changed: handler Close is new",
            "gone".
    """

    name: str
    kind: str
    handlers: tuple[str, ...]
    change: str

    @property
    def is_unchanged(self) -> bool:
        """Whether all of it is as it was."""
        return self.change == "unchanged"


def compare_services(
    before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]
) -> tuple[ServiceChange, ...]:
    """Compares services as the admin API describes them.

    Args:
        before: those that were there.
        after: those that are to be there.

    Returns:
        All of them, by their names; those that are gone last.
    """
    old, new = _by_name(before), _by_name(after)
    gone = {name: service for name, service in old.items() if name not in new}
    return (
        *(_change(service, _difference(old.get(name), service)) for name, service in new.items()),
        *(_change(service, "gone") for service in gone.values()),
    )


def _by_name(described: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The server has services and handlers in no order."""
    return {each["name"]: each for each in sorted(described, key=lambda each: each["name"])}


def _change(service: Mapping[str, Any], change: str) -> ServiceChange:
    handlers = tuple(_by_name(service["handlers"]))
    return ServiceChange(service["name"], _kind(service), handlers, change)


def _kind(service: Mapping[str, Any]) -> str:
    return _KINDS.get(service["ty"], str(service["ty"]))


def _difference(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> str:
    if before is None:
        return "new"
    old, new = _by_name(before["handlers"]), _by_name(after["handlers"])
    found = [f"it was a {_kind(before)}"] if before["ty"] != after["ty"] else []
    found += [f"handler {name} is new" for name in new if name not in old]
    found += [f"handler {name} is gone" for name in old if name not in new]
    found += [f"handler {name} differs" for name in new if old.get(name, new[name]) != new[name]]
    if not found and _settings(before) != _settings(after):
        found.append("its settings differ")
    return f"changed: {', '.join(found)}" if found else "unchanged"


def _settings(service: Mapping[str, Any]) -> dict[str, Any]:
    left_out = (*_BOOKKEEPING, "handlers")
    return {name: value for name, value in service.items() if name not in left_out}
