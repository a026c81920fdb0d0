"""Read and write the state of objects and workflows for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.codec.payload import decode, encode
from restate_proto.codec.registry import codec_for
from restate_proto.model.arguments import check_string, wrong_key, wrong_type
from restate_proto.model.key_format import KeyFormat
from restate_proto.model.keys import StateKey
from restate_proto.model.kinds import ServiceKind
from restate_proto.model.scope import check_scope

if TYPE_CHECKING:
    from restate_proto.model.payload_codec import PayloadCodec
    from restate_proto.model.service import ServiceBase, ServiceDescriptor
    from restate_proto.testing.virtual.invocation import Lock
    from restate_proto.testing.virtual.processor import Processor

__all__ = ["read_state", "write_state"]

T = TypeVar("T")


def read_state(
    processor: Processor,
    stored: PayloadCodec | None,
    service: type[ServiceBase],
    key: object,
    state: StateKey[T],
    scope: str | None,
) -> T | None:
    """Return the value of a state key; None if it has none.

    Args:
        processor: the server.
        stored: how payloads are stored, if not as they are.
        service: the generated base of the object or workflow.
        key: the object key or workflow id, or the message of a typed key.
        state: the state key.
        scope: the scope of the object or workflow; None for none.

    Raises:
        TypeError: an argument is of a wrong type.
        ValueError: the service has no state, or no such keys.
    """
    descriptor, lock = _find("VirtualRestate.state", service, key, state, scope)
    raw = processor.states[lock].get(state.name.encode())
    if raw is None:
        return None
    raw = stored.decode(raw) if stored is not None else raw
    return decode(codec_for(state.type), raw, descriptor.encoding)


def write_state(
    processor: Processor,
    stored: PayloadCodec | None,
    service: type[ServiceBase],
    key: object,
    state: StateKey[T],
    value: T,
    scope: str | None,
) -> None:
    """Set the value of a state key; the other arguments are those of `read_state`."""
    descriptor, lock = _find("VirtualRestate.set_state", service, key, state, scope)
    raw = encode(codec_for(state.type), value, descriptor.encoding)
    processor.states[lock][state.name.encode()] = stored.encode(raw) if stored is not None else raw


def _find(
    where: str, service: object, key: object, state: object, scope: str | None
) -> tuple[ServiceDescriptor, Lock]:
    """Return the descriptor of the service, and what the processor keeps its state by."""
    check_scope(where, scope)
    descriptor: ServiceDescriptor | None = getattr(service, "__restate_service__", None)
    if descriptor is None:
        raise wrong_type(where, "service", service, "a generated base, such as CartBase")
    if descriptor.kind is ServiceKind.SERVICE:
        raise ValueError(f"{where}: {descriptor.name} is a plain service, which has no state")
    if not isinstance(state, StateKey):
        raise wrong_key(where, state, StateKey)
    if isinstance(descriptor.key, KeyFormat) and not isinstance(key, str):
        key_format: KeyFormat[Any] = descriptor.key
        return descriptor, (descriptor.name, key_format.format(key), scope)
    check_string(where, "key", key)
    text = str(key)
    if descriptor.key is not None:
        descriptor.key.check(text)
    return descriptor, (descriptor.name, text, scope)
