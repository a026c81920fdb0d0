"""Make TypeScript names for the things in a contract, and report names that it cannot have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.names import (
    awakeables_by_message,
    check_keys,
    constant_name,
    declared_keys,
    unique_name,
)
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.problems import Location, Problems
    from restate_proto.contract.schema import AwakeableField, FileModel, ServiceModel
    from restate_proto.generate.names import DeclaredKey

__all__ = [
    "RESERVED",
    "ServiceNames",
    "awakeables_name",
    "camel_case",
    "check_names",
    "declared",
    "error_names",
    "member_of_awakeable",
    "safe_identifier",
    "served_by_the_sdk",
]

RESERVED = frozenset(
    """
    break case catch class const continue debugger default delete do else enum export extends false
    finally for function if implements import in instanceof interface let new null package private
    protected public return static super switch this throw true try typeof var void while with yield
    Object bigint boolean number object string globalThis Partial Uint8Array
    """.split()  # noqa: SIM905 - a table of words reads better
)
"""The names to which protoc-gen-es appends a `$`."""

_CLASSES = {"state": "StateKey", "promise": "PromiseKey", "signal": "SignalKey"}


def safe_identifier(name: str) -> str:
    """Return a name that is allowed in TypeScript, as protoc-gen-es writes it."""
    return f"{name}$" if name in RESERVED else name


@dataclass(frozen=True, slots=True)
class ServiceNames:
    """The names that are exported for a service.

    Args:
        contract: the contract value: `Cart`.
        implement: the function that serves it: `implementCart`.
        key: the format of its keys: `CartKeyFormat`, or `CartKey` for a fixed key.
        state: its pieces of state: `CartStateKeys`.
        promises: its promises: `CartPromiseKeys`.
        signals: its signals: `CartSignalKeys`.
    """

    contract: str
    implement: str
    key: str
    state: str
    promises: str
    signals: str

    @classmethod
    def of(cls, service: ServiceModel) -> ServiceNames:
        """Return the names for a service."""
        name = service.proto
        key = "Key" if isinstance(service.key, FixedKey) else "KeyFormat"
        return cls(
            safe_identifier(name),
            f"implement{name}",
            f"{name}{key}",
            f"{name}StateKeys",
            f"{name}PromiseKeys",
            f"{name}SignalKeys",
        )

    def exported(self, service: ServiceModel) -> Iterator[str]:
        """Yield the names that are exported, since a service may have no keys, state and so on."""
        yield self.contract
        if served_by_the_sdk(service):
            yield self.implement
        if isinstance(service.key, FixedKey | TypedKey):
            yield self.key
        for name, declared in (
            (self.state, service.state),
            (self.promises, service.promises),
            (self.signals, service.signals),
        ):
            if declared:
                yield name


def served_by_the_sdk(service: ServiceModel) -> bool:
    """Tell whether the SDK can serve it; the SDK calls the run handler of every workflow `run`."""
    return service.kind is not ServiceKind.WORKFLOW or any(
        handler.kind is HandlerKind.WORKFLOW and handler.name == "run"
        for handler in service.handlers
    )


def error_names(file: FileModel) -> dict[str, str]:
    """Return the names of the classes of a file's errors, by the full names of their messages.

    It is `SoldOutError` for `SoldOut`. If messages of several packages have the same name, the
    later ones get a further `_`.
    """
    taken: set[str] = set()
    return {
        error.type.full_name: unique_name(
            f"{''.join(error.type.names).removesuffix('Error')}Error", taken
        )
        for error in file.errors
    }


def awakeables_name(field: AwakeableField) -> str:
    """Return the constant for a message's awakeable fields: `ApprovalRequestAwakeables`."""
    return f"{'_'.join(field.message.names)}Awakeables"


def camel_case(constant: str) -> str:
    """Turn the name of a constant, such as `EMAIL_CONFIRMED`, into `emailConfirmed`."""
    first, *others = constant.lower().split("_")
    return "".join((first, *(word.capitalize() for word in others)))


def declared(service: ServiceModel, what: str) -> list[DeclaredKey]:
    """Return what a service declares, each with the name of its member: `emailConfirmed`.

    Args:
        service: the service.
        what: `state`, `promise` or `signal`.
    """
    keys = declared_keys(service, {what: _CLASSES[what]})
    return [replace(key, constant=camel_case(key.constant)) for key in keys]


def check_names(file: FileModel, problems: Problems) -> None:
    """Report exports of a file with the same name, and things that cannot have a name.

    Args:
        file: the contract.
        problems: collects the problems.
    """
    first: dict[str, str] = {}
    for name, title, location in _exports(file):
        other = first.setdefault(name, title)
        if other != title:
            problems.add(
                location,
                f'{other} and {title} both become the TypeScript name "{name}"; rename one of them',
            )
    for service in file.services:
        for what in _CLASSES:
            check_keys(service, declared(service, what), "TypeScript", problems)


def _exports(file: FileModel) -> Iterator[tuple[str, str, Location]]:
    for service in file.services:
        for name in ServiceNames.of(service).exported(service):
            yield name, service.title, service.location
    names = error_names(file)
    for error in file.errors:
        yield names[error.type.full_name], f"error {error.type.full_name}", error.location
    for fields in awakeables_by_message(file).values():
        title = f"the awakeables of {fields[0].message.full_name}"
        yield awakeables_name(fields[0]), title, fields[0].location


def member_of_awakeable(field: AwakeableField) -> str:
    """Return the name for a field that holds the id of an awakeable: `approvalId`."""
    return camel_case(constant_name(field.field, "FIELD") or field.field)
