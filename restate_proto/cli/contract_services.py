"""Make service descriptors and message classes from a contract, as generated code has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.message_factory import GetMessageClass

from restate_proto.cli.contracts import load_contract
from restate_proto.codec.empty import NOTHING
from restate_proto.codec.google import google_codec
from restate_proto.codec.raw import RawCodec
from restate_proto.contract import schema
from restate_proto.model.error_types import (
    DetailedError,
    ErrorDescriptor,
    error_type,
    has_error_type,
)
from restate_proto.model.key_format import FixedKey, KeyFormat
from restate_proto.model.keys import PromiseKey, SignalKey, StateKey
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.model.codec import Codec

__all__ = ["contract_services"]


def contract_services(source: Path, include: Sequence[Path]) -> tuple[ServiceDescriptor, ...]:
    """Return the descriptors of all services of a contract. Nothing implements their handlers.

    Args:
        source: a folder of .proto files, or a descriptor set.
        include: more folders to find imports in.

    Raises:
        ContractError: the contract cannot be read.
    """
    contract = load_contract(source, include, lenient=True)
    factory = _Factory(contract.descriptors)
    return tuple(factory.service(each) for file in contract.files for each in file.services)


class _Factory:
    def __init__(self, descriptors: Descriptors) -> None:
        self._descriptors = descriptors

    def service(self, model: schema.ServiceModel) -> ServiceDescriptor:
        return ServiceDescriptor(
            model.name,
            model.kind,
            tuple(self._handler(model, each) for each in model.handlers),
            encoding=model.encoding,
            config=model.config,
            documentation=model.comment,
            state=tuple(StateKey(each.name, self._class(each.type)) for each in model.state),
            promises=tuple(
                PromiseKey(each.name, self._class(each.type)) for each in model.promises
            ),
            signals=tuple(SignalKey(each.name, self._class(each.type)) for each in model.signals),
            errors=self._errors(model.errors),
            key=self._key(model.key),
        )

    def _handler(
        self, service: schema.ServiceModel, model: schema.HandlerModel
    ) -> HandlerDescriptor[Any, Any]:
        return HandlerDescriptor(
            service.name,
            model.name,
            model.rpc,
            service.kind,
            model.kind,
            self._codec(model.request, model.raw_request),
            self._codec(model.response, model.raw_response),
            encoding=service.encoding,
            config=model.config,
            documentation=model.comment,
            key_field=model.key_field,
            explicit_cancellation=model.explicit_cancellation,
            errors=self._errors(model.errors),
        )

    def _codec(self, type_: schema.MessageType, raw: str | None) -> Codec[Any]:
        if raw is not None:
            return RawCodec(raw)
        return NOTHING if type_.is_empty else google_codec(self._class(type_))

    def _class(self, type_: schema.MessageType) -> type[Any]:
        return GetMessageClass(self._descriptors.message(type_.full_name))

    def _errors(self, models: Sequence[schema.ErrorModel]) -> tuple[type[DetailedError[Any]], ...]:
        return tuple(self._error(each) for each in models)

    def _error(self, model: schema.ErrorModel) -> type[DetailedError[Any]]:
        name, codec = model.type.full_name, google_codec(self._class(model.type))
        class_ = type(model.type.names[-1], (DetailedError,), {})
        if has_error_type(name):  # errors that are received stay of the program's own class
            class_.__restate_error__ = ErrorDescriptor(name, model.code, codec)
            return class_
        return error_type(name, model.code, codec)(class_)

    def _key(
        self, key: schema.FixedKey | schema.TypedKey | None
    ) -> KeyFormat[Any] | FixedKey | None:
        match key:
            case None:
                return None
            case schema.FixedKey(value):
                return FixedKey(value)
            case schema.TypedKey():
                codec = google_codec(self._class(key.type))
                return KeyFormat(codec, key.text.prefix, *key.text.fields)
