"""Compare the services that a Restate server has registered with those that an endpoint serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from restate_proto.contract.metadata import CONTRACT, read_contract

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["ServiceChange", "compare_services"]

_KINDS = {"Service": "service", "VirtualObject": "virtual object", "Workflow": "workflow"}

# Members that differ between registrations, but do not describe the service.
_BOOKKEEPING = ("name", "ty", "handlers", "deployment_id", "revision", "info")


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """The change of a service.

    Args:
        name: its Restate name.
        kind: its kind, for people.
        handlers: the names of its handlers.
        change: "new", "unchanged", "changed" or "gone".
        details: a line for each change, such as "handler Close is new" or
            "inactivity_timeout: 1m, was 30s".
    """

    name: str
    kind: str
    handlers: tuple[str, ...]
    change: str
    details: tuple[str, ...] = ()

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing about it changed."""
        return self.change == "unchanged"


def compare_services(
    before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]
) -> tuple[ServiceChange, ...]:
    """Compare services as the admin API describes them.

    Args:
        before: those that were there.
        after: those that are to be there.

    Returns:
        The changes of all services by name; those that are gone come last.
    """
    old, new = _by_name(before), _by_name(after)
    gone = {name: service for name, service in old.items() if name not in new}
    return (
        *(_compare_service(old.get(name), service) for name, service in new.items()),
        *(_service_change(service, "gone") for service in gone.values()),
    )


def _by_name(described: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return services or handlers by name, sorted: the server lists them in any order."""
    return {each["name"]: each for each in sorted(described, key=lambda each: each["name"])}


def _compare_service(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> ServiceChange:
    if before is None:
        return _service_change(after, "new")
    details = tuple(_differences(before, after))
    return _service_change(after, "changed" if details else "unchanged", details)


def _service_change(
    service: Mapping[str, Any], change: str, details: tuple[str, ...] = ()
) -> ServiceChange:
    handlers = tuple(_by_name(service["handlers"]))
    return ServiceChange(service["name"], _kind(service), handlers, change, details)


def _kind(service: Mapping[str, Any]) -> str:
    return _KINDS.get(service["ty"], str(service["ty"]))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    if before["ty"] != after["ty"]:
        yield f"it was a {_kind(before)}"
    old, new = _by_name(before["handlers"]), _by_name(after["handlers"])
    yield from (f"handler {name} is new" for name in new if name not in old)
    yield from (f"handler {name} is gone" for name in old if name not in new)
    for name in new:
        if name in old:
            if old[name].get("ty") != new[name].get("ty"):
                one, other = (_value_text(each[name].get("ty")) for each in (old, new))
                yield f"handler {name} is {other}, was {one}"
            yield from (
                f"handler {name}: {each}" for each in _setting_differences(old[name], new[name])
            )
    yield from _setting_differences(before, after)


def _setting_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield the settings that differ, with their values if these fit on a line."""
    old, new = dict(_named_settings(before)), dict(_named_settings(after))
    for name in sorted(old.keys() | new.keys()):
        one, other = old.get(name), new.get(name)
        if one == other:
            continue
        if name == _CONTRACT:
            yield _contract_difference(one, other)
        elif name != _DOCUMENTATION and all(
            value is None or isinstance(value, str | int | float) for value in (one, other)
        ):
            yield f"{name}: {_value_text(other)}, was {_value_text(one)}"
        else:
            yield f"{name} differs"


def _contract_difference(before: object, after: object) -> str:
    if after is None:
        return "it registers no contract"
    return "it registers its contract" if before is None else "its contract differs"


def _named_settings(described: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a service or handler is set to, by the words for it.

    Metadata that one tool writes for another is left out, because it follows from the contract.
    """
    for name, value in described.items():
        if name in _BOOKKEEPING:
            continue
        if name in {"retry_policy", "metadata"}:
            values: Mapping[str, Any] = value or {}
            for inner, each in values.items():
                full_name = f"{name}.{inner}"
                if not full_name.startswith(_FOR_TOOLS):
                    yield _setting_name(full_name), _decompressed(full_name, each)
        else:
            yield _setting_name(name), value


def _setting_name(name: str) -> str:
    if name.startswith(_ERROR):
        return f"error {name.removeprefix(_ERROR)}"
    return _WORDS.get(name, name)


def _decompressed(name: str, value: Any) -> Any:
    """Decompress a contract, because machines may compress the same contract differently."""
    files = read_contract(value) if name == _CONTRACT else None
    return value if files is None else files.SerializeToString(deterministic=True)


def _value_text(value: object) -> str:
    text = "not set" if value is None else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_CONTRACT = f"metadata.{CONTRACT}"
_ERROR = "metadata.restatepb.error/"
_DOCUMENTATION = "documentation"
_FOR_TOOLS = "metadata.dev.restate."
_WORDS = {
    "input_description": "request",
    "output_description": "response",
    "input_json_schema": "JSON Schema of the request",
    "output_json_schema": "JSON Schema of the response",
}
_LONGEST = 60
