"""Make Go names for the things in a contract."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey
from restate_proto.generate.names import constant_name, declared_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import AwakeableField, ErrorModel, MessageType, ServiceModel
    from restate_proto.generate.names import DeclaredKey

__all__ = [
    "TYPES",
    "ServiceNames",
    "awakeables_name",
    "declared",
    "error_name",
    "field_of_awakeable",
    "go_name",
    "message_name",
    "run_handle_name",
]

TYPES = {"state": "restateState", "promise": "restatePromise", "signal": "restateSignal"}
"""The types in the support files for each sort of key that a service declares."""


def go_name(name: str) -> str:
    """Turn a proto name into protoc-gen-go's name: `Outer.inner_2x` into `OuterInner_2X`."""
    name = re.sub(r"(^|\.)_", r"\1X", name)
    name = re.sub(r"[._]([a-z])", lambda match: match[1].upper(), name)
    name = re.sub(r"(^|[0-9.])([a-z])", lambda match: match[1] + match[2].upper(), name)
    return name.replace(".", "_")


def run_handle_name(rpc: str) -> str:
    """Return the name of the method that finds a workflow's run from outside: `RunHandle`."""
    return f"{go_name(rpc)}Handle"


def message_name(message: MessageType) -> str:
    """Return the name that protoc-gen-go gives a message: `Outer_Inner`."""
    return go_name(".".join(message.names))


@dataclass(frozen=True, slots=True)
class ServiceNames:
    """The names that are declared for a service.

    Args:
        server: the interface of its handlers: `CartServer`.
        client: the interface of its client in handlers: `CartClient`.
        ingress_client: the interface of its client outside of Restate: `CartIngressClient`.
        key: the format of its keys: `CartKeyFormat`, or `CartKey` for a fixed key.
        state: its pieces of state: `CartStateKeys`.
        promises: its promises: `CartPromiseKeys`.
        signals: its signals: `CartSignalKeys`.
    """

    server: str
    client: str
    ingress_client: str
    key: str
    state: str
    promises: str
    signals: str

    @classmethod
    def of(cls, service: ServiceModel) -> ServiceNames:
        """Return the names for a service."""
        name = go_name(service.proto)
        return cls(
            f"{name}Server",
            f"{name}Client",
            f"{name}IngressClient",
            f"{name}{'Key' if isinstance(service.key, FixedKey) else 'KeyFormat'}",
            f"{name}StateKeys",
            f"{name}PromiseKeys",
            f"{name}SignalKeys",
        )

    def exported(self, service: ServiceModel) -> Iterator[str]:
        """Yield the names that are declared, since a service may have no keys, state and so on."""
        for name in (self.server, self.client, self.ingress_client):
            yield from (name, f"New{name}")
        if service.key is not None:
            yield self.key
        for name, declared in (
            (self.state, service.state),
            (self.promises, service.promises),
            (self.signals, service.signals),
        ):
            if declared:
                yield name


def error_name(error: ErrorModel) -> str:
    """Return the name of the type of an error: `SoldOutError` for `SoldOut`.

    For a message `SoldOutError`, which has that name already, it is `SoldOutTerminalError`.
    """
    name = go_name("".join(error.type.names))
    return (
        f"{name.removesuffix('Error')}TerminalError" if name.endswith("Error") else f"{name}Error"
    )


def awakeables_name(field: AwakeableField) -> str:
    """Return the variable for the awakeables of a message: `ApprovalRequestAwakeables`."""
    return f"{message_name(field.message)}Awakeables"


def field_of_awakeable(field: AwakeableField) -> str:
    """Return the name of a field with the id of an awakeable: `ApprovalId`."""
    return _camel_case(constant_name(field.field, "FIELD") or field.field)


def declared(service: ServiceModel, what: str) -> list[DeclaredKey]:
    """Return what a service declares of one sort, with field names such as `EmailConfirmed`.

    Args:
        service: the service.
        what: `state`, `promise` or `signal`.
    """
    keys = declared_keys(service, {what: TYPES[what]})
    return [replace(key, constant=_camel_case(key.constant)) for key in keys]


def _camel_case(constant: str) -> str:
    """Turn the name of a constant into an exported one; empty if Go has no such name."""
    name = "".join(word.capitalize() for word in constant.split("_"))
    if not all(unicodedata.category(each)[0] == "L" or each.isdecimal() for each in name):
        return ""
    # Go does not export a name that begins with a letter without case.
    return name if not name or name[0].isupper() else f"X{name}"
