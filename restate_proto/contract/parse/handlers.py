"""Read the handlers of a service: their kinds, names and configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FieldDescriptorProto

from restate_proto.contract.option_reader import KEY_OPTION, unknown_field
from restate_proto.contract.parse.config import parse_config
from restate_proto.contract.parse.errors import parse_errors
from restate_proto.contract.parse.go import check_go_handler, is_go_run
from restate_proto.contract.parse.raw import parse_raw
from restate_proto.contract.schema import HandlerModel, MessageType
from restate_proto.model.config import Config
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.model.names import handler_name_problem
from restate_proto.protobuf import is_repeated
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, MethodDescriptor

    from restate_proto.contract.option_reader import HandlerOption
    from restate_proto.contract.parse.scope import FileScope, ServiceScope
    from restate_proto.contract.schema import ErrorModel

__all__ = ["key_field", "parse_handlers"]

_RENAME = "write another `name` in option (restatepb.v1.handler)"


def parse_handlers(scope: ServiceScope) -> tuple[HandlerModel, ...]:
    """Read the methods of a service, in the order of the contract."""
    methods = scope.descriptor.methods
    handlers = tuple(_handler(scope, method) for method in methods)
    _check_names(scope, handlers)
    for method, handler in zip(methods, handlers, strict=True):
        check_go_handler(scope, handler, method)
    if scope.option.kind is ServiceKind.WORKFLOW:
        _check_run(scope, handlers)
    return handlers


def _handler(scope: ServiceScope, method: MethodDescriptor) -> HandlerModel:
    option = _option(scope, method)
    if method.client_streaming or method.server_streaming:
        scope.report(
            scope.method_location(method),
            f"{method.name} of {scope.title} streams, but a handler takes one message and returns "
            "one; remove `stream`, or move the method to a service that is not Restate's",
        )
    kind = _kind(scope, method, option)
    is_keyed = scope.option.kind is not ServiceKind.SERVICE
    raw = parse_raw(scope, method, option)
    return HandlerModel(
        rpc=method.name,
        name=_name(scope, method, option),
        kind=kind,
        request=MessageType.of(method.input_type),
        response=MessageType.of(method.output_type),
        raw_request=raw.request,
        raw_response=raw.response,
        config=_config(scope, method, option, kind),
        comment=scope.file.descriptors.comment(method),
        deprecated=method.GetOptions().deprecated,
        key_field=key_field(scope.file, method.input_type) if is_keyed else None,
        errors=_errors(scope, method, option),
        explicit_cancellation=_explicit_cancellation(scope, method, option),
        location=scope.method_location(method),
    )


def key_field(file: FileScope, message: Descriptor) -> str | None:
    """Return the proto name of a message's key field, or None."""
    key: str | None = None
    for field in message.fields:
        if not file.options.is_key(field.GetOptions()):
            continue
        location = file.descriptors.location(
            field, FieldDescriptorProto.OPTIONS_FIELD_NUMBER, KEY_OPTION
        )
        name = field.full_name
        if field.type != FieldDescriptor.TYPE_STRING or is_repeated(field):
            file.problems.add(
                location,
                f"{name} is marked (restatepb.v1.key), but it is not a singular string; "
                f"write it as `string {field.name} = {field.number}`, or mark a field that is one",
            )
        elif key is not None:
            file.problems.add(
                location,
                f'{name} is a second (restatepb.v1.key) beside "{key}"; keep the mark on one field',
            )
        else:
            key = field.name
    return key


def _option(scope: ServiceScope, method: MethodDescriptor) -> HandlerOption | None:
    """Return the option of a method that describes its handler, or None."""
    found = scope.file.options.handlers(method.GetOptions())
    for option in found:
        goes_together = scope.option.is_go == option.is_go or (
            option.is_go and scope.option.go is not None
        )
        if not goes_together:
            service = scope.option.label or "no option"
            ours = "(restatepb.v1.handler)"
            theirs = "(dev.restate.sdk.go.handler_type)"
            instead = theirs if scope.option.is_go else ours
            scope.report(
                scope.method_location(method, option.number),
                f"{method.name} has option {option.label} and its service has {service}, which do "
                f"not go together; write option {instead}",
            )
            continue
        unknown = unknown_field(option.message)
        if unknown:
            scope.report(
                scope.method_location(method, option.number),
                f"{unknown} that this version of restate-proto does not know; install a newer one",
            )
        return option
    return None


def _kind(
    scope: ServiceScope, method: MethodDescriptor, option: HandlerOption | None
) -> HandlerKind | None:
    """Return how the handler runs: as its option says, or as is usual for the kind of service."""
    wanted = option.kinds if option is not None else {}
    if option is not None and wanted:
        refused = _kind_problem(scope.option.kind, wanted)
        if refused:
            scope.report(
                scope.method_location(method, option.number),
                f"{method.name} of {scope.title} {refused}",
            )
            wanted = {}
    match scope.option.kind:
        case ServiceKind.SERVICE:
            return None
        case ServiceKind.VIRTUAL_OBJECT:
            return next(iter(wanted), HandlerKind.EXCLUSIVE)
        case ServiceKind.WORKFLOW:
            is_run = is_go_run(method.name) if scope.option.is_go else method.name == "Run"
            return next(iter(wanted), HandlerKind.WORKFLOW if is_run else HandlerKind.SHARED)


def _kind_problem(service: ServiceKind, wanted: dict[HandlerKind, str]) -> str | None:
    """Return why a service of this kind cannot have such a handler, and what to write instead."""
    written = " and ".join(wanted.values())
    if len(wanted) > 1:
        return f"says {written}; keep one of them"
    if service is ServiceKind.SERVICE:
        return f"says {written}, but all handlers of a plain service are alike; remove it"
    if service is ServiceKind.VIRTUAL_OBJECT and HandlerKind.WORKFLOW in wanted:
        return f"says {written}, but only a workflow has a run handler; remove it"
    if service is ServiceKind.WORKFLOW and HandlerKind.EXCLUSIVE in wanted:
        return f"says {written}, but a workflow only has a run handler and shared ones; remove it"
    return None


def _name(scope: ServiceScope, method: MethodDescriptor, option: HandlerOption | None) -> str:
    if option is None or not option.message.HasField("name"):
        name, location = method.name, scope.method_location(method)
    else:
        name = option.message.name
        location = scope.method_location(method, option.number, option.message.NAME_FIELD_NUMBER)
    problem = handler_name_problem(name)
    if problem:
        instead = "rename it" if scope.option.is_go else _RENAME
        scope.report(location, f'Restate refuses the handler name "{name}": {problem}; {instead}')
    return name


def _config(
    scope: ServiceScope,
    method: MethodDescriptor,
    option: HandlerOption | None,
    kind: HandlerKind | None,
) -> Config:
    if option is None or not option.message.HasField("config"):
        return Config()
    location = scope.method_location(method, option.number, option.message.CONFIG_FIELD_NUMBER)
    return parse_config(
        option.message.config,
        scope.option.kind,
        kind,
        lambda text: scope.report(location, text),
        of_handler=True,
    )


def _errors(
    scope: ServiceScope, method: MethodDescriptor, option: HandlerOption | None
) -> tuple[ErrorModel, ...]:
    if option is None:
        return ()
    number, message = option.number, option.message
    return parse_errors(
        scope,
        message.error,
        lambda index: scope.method_location(method, number, message.ERROR_FIELD_NUMBER, index),
        method.name,
    )


def _explicit_cancellation(
    scope: ServiceScope, method: MethodDescriptor, option: HandlerOption | None
) -> bool:
    if option is None:
        return False
    message = option.message
    if message.cancellation not in options_pb2.Cancellation.values():
        scope.report(
            scope.method_location(method, option.number, message.CANCELLATION_FIELD_NUMBER),
            f"cancellation has the unknown value {message.cancellation}; "
            "write CANCELLATION_IMPLICIT or CANCELLATION_EXPLICIT",
        )
    return message.cancellation == options_pb2.CANCELLATION_EXPLICIT


def _check_names(scope: ServiceScope, handlers: tuple[HandlerModel, ...]) -> None:
    """Check that no two handlers share a Restate name; generators check names in their languages."""
    names: dict[str, str] = {}
    for handler in handlers:
        first = names.setdefault(handler.name, handler.rpc)
        if first != handler.rpc:
            scope.report(
                handler.location,
                f'{first} and {handler.rpc} of {scope.title} are both named "{handler.name}"; '
                f"{_RENAME} of one",
            )


def _check_run(scope: ServiceScope, handlers: tuple[HandlerModel, ...]) -> None:
    """Check that a workflow has exactly one run handler."""
    runs = [handler for handler in handlers if handler.kind is HandlerKind.WORKFLOW]
    mark = (
        "option (dev.restate.sdk.go.handler_type) = {};"
        if scope.option.is_go
        else "option (restatepb.v1.handler) = {{ {}: true }};"
    )
    if not runs:
        run = mark.format("WORKFLOW_RUN" if scope.option.is_go else "run")
        scope.report(
            scope.location,
            f"{scope.title} has no run handler; name one method `Run`, or write `{run}` in it",
        )
    shared = mark.format("SHARED" if scope.option.is_go else "shared")
    for handler in runs[1:]:
        scope.report(
            handler.location,
            f"{scope.title} has two run handlers, {runs[0].rpc} and {handler.rpc}; keep one, and "
            f"write `{shared}` in the other",
        )
