"""Read Restate's options of services, methods and fields: ours and those of the Go SDK.

Go's options are translated to ours, so that the rules deal with one kind of option only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from google.protobuf.unknown_fields import UnknownFieldSet

from restate_proto.contract.go_options import EXTENSION as GO_EXTENSION
from restate_proto.contract.go_options import GoHandlerType, GoOptions, GoServiceType
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from google.protobuf import descriptor_pb2
    from google.protobuf.descriptor import FileDescriptor
    from google.protobuf.message import Message

    from restate_proto.contract.descriptors import Descriptors

__all__ = [
    "AWAKEABLE_OPTION",
    "KEY_OPTION",
    "HandlerOption",
    "KindOption",
    "OptionReader",
    "unknown_field",
]

_PACKAGE: str = options_pb2.DESCRIPTOR.package

KEY_OPTION: int = options_pb2.KEY_FIELD_NUMBER
AWAKEABLE_OPTION: int = options_pb2.AWAKEABLE_FIELD_NUMBER

# protobuf's stubs and those that protoc writes disagree on the type of extensions, hence Any.
_SERVICE: Any = options_pb2.service
_OBJECT: Any = options_pb2.object
_WORKFLOW: Any = options_pb2.workflow
_HANDLER: Any = options_pb2.handler
_KEY: Any = options_pb2.key
_AWAKEABLE: Any = options_pb2.awakeable

_GO_MESSAGES = {
    GoServiceType.SERVICE: (ServiceKind.SERVICE, options_pb2.ServiceOptions),
    GoServiceType.VIRTUAL_OBJECT: (ServiceKind.VIRTUAL_OBJECT, options_pb2.ObjectOptions),
    GoServiceType.WORKFLOW: (ServiceKind.WORKFLOW, options_pb2.WorkflowOptions),
}
_GO_KINDS = {
    GoHandlerType.UNSET: None,
    GoHandlerType.EXCLUSIVE: HandlerKind.EXCLUSIVE,
    GoHandlerType.SHARED: HandlerKind.SHARED,
    GoHandlerType.WORKFLOW_RUN: HandlerKind.WORKFLOW,
}


@dataclass(frozen=True, slots=True)
class KindOption:
    """The option that makes a service a Restate service, and says of which kind.

    Args:
        kind: the kind of the service.
        message: the value of the option.
        label: the option as the contract writes it; empty if the option is implied.
        number: the option's field number in ServiceOptions, to find its place; 0 if it is implied.
        is_go: whether it is an option of the Go SDK.
        go: the Go SDK's option, if the service has it beside ours.
    """

    kind: ServiceKind
    message: (
        options_pb2.ServiceOptions | options_pb2.ObjectOptions | options_pb2.WorkflowOptions
    ) = field(default_factory=options_pb2.ServiceOptions)
    label: str = ""
    number: int = 0
    is_go: bool = False
    go: KindOption | None = None


@dataclass(frozen=True, slots=True)
class HandlerOption:
    """The options of a method that describe its handler.

    Args:
        label: the option as the contract writes it.
        number: the option's field number in MethodOptions, to find its place.
        kinds: the handler kinds that it asks for, each with the way it is written; more than one is
            a mistake.
        message: the handler's name and configuration.
        is_go: whether it is an option of the Go SDK.
    """

    label: str
    number: int
    kinds: dict[HandlerKind, str]
    message: options_pb2.HandlerOptions
    is_go: bool = False


class OptionReader:
    """Reads the options in the files of one request."""

    def __init__(self, descriptors: Descriptors) -> None:
        self._go = GoOptions(descriptors)
        self._descriptors = descriptors

    def uses_go(self, file: FileDescriptor) -> bool:
        """Tell whether a file has options of the Go SDK."""
        return self._go.used_in(file)

    def kinds(self, options: descriptor_pb2.ServiceOptions) -> list[KindOption]:
        """Return the options of a service that say its kind: ours first, then Go's."""
        found = [
            KindOption(kind, options.Extensions[extension], f"(restatepb.v1.{name})", number)
            for kind, extension, name, number in (
                (ServiceKind.SERVICE, _SERVICE, "service", options_pb2.SERVICE_FIELD_NUMBER),
                (ServiceKind.VIRTUAL_OBJECT, _OBJECT, "object", options_pb2.OBJECT_FIELD_NUMBER),
                (ServiceKind.WORKFLOW, _WORKFLOW, "workflow", options_pb2.WORKFLOW_FIELD_NUMBER),
            )
            if self._has(options, extension)
        ]
        go_type = self._go.service_type(options)
        if go_type is not None:
            kind, message = _GO_MESSAGES[go_type]
            found.append(
                KindOption(
                    kind,
                    message(encoding=options_pb2.ENCODING_JSON),
                    "(dev.restate.sdk.go.service_type)",
                    GO_EXTENSION,
                    is_go=True,
                )
            )
        return found

    def handlers(self, options: descriptor_pb2.MethodOptions) -> list[HandlerOption]:
        """Return the options of a method that describe its handler: ours first, then Go's."""
        found: list[HandlerOption] = []
        if self._has(options, _HANDLER):
            message = cast("options_pb2.HandlerOptions", options.Extensions[_HANDLER])
            kinds: dict[HandlerKind, str] = {}
            if message.shared:
                kinds[HandlerKind.SHARED] = '"shared: true"'
            if message.run:
                kinds[HandlerKind.WORKFLOW] = '"run: true"'
            number = options_pb2.HANDLER_FIELD_NUMBER
            found.append(HandlerOption("(restatepb.v1.handler)", number, kinds, message))
        go_type = self._go.handler_type(options)
        if go_type is not None:
            kind = _GO_KINDS[go_type]
            found.append(
                HandlerOption(
                    "(dev.restate.sdk.go.handler_type)",
                    GO_EXTENSION,
                    {} if kind is None else {kind: f'"handler_type = {go_type.name}"'},
                    options_pb2.HandlerOptions(),
                    is_go=True,
                )
            )
        return found

    def is_key(self, options: descriptor_pb2.FieldOptions) -> bool:
        """Tell whether a field is marked as the object key or workflow id."""
        return self._has(options, _KEY) and bool(options.Extensions[_KEY])

    def awakeable(self, options: descriptor_pb2.FieldOptions) -> options_pb2.Awakeable | None:
        """Return the awakeable option of a field, or None."""
        return options.Extensions[_AWAKEABLE] if self._has(options, _AWAKEABLE) else None

    def _has(self, options: Message, extension: Any) -> bool:
        if not options.HasExtension(extension):
            return False
        # The numbers from 50000 to 99999 are free for all. If a file of the contract uses our number
        # for an extension of its own, the option is not ours.
        package = self._descriptors.extended_by(options.DESCRIPTOR.full_name, extension.number)
        return package in {None, _PACKAGE}


def unknown_field(message: Message) -> str | None:
    """Return words for a field of our options that this version lacks; None if none.

    An option of a newer options.proto must not be ignored silently.
    """
    for unknown in UnknownFieldSet(message):
        return f"{message.DESCRIPTOR.full_name} has a field {unknown.field_number}"
    for descriptor, value in message.ListFields():
        if descriptor.message_type is None or descriptor.message_type.GetOptions().map_entry:
            continue
        for inner in [value] if hasattr(value, "ListFields") else value:
            found = unknown_field(inner)
            if found is not None:
                return found
    return None
