"""The handlers of a service: their kinds, names and configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.options import unknown_field
from restate_proto.contract.parse.config import parse_config
from restate_proto.contract.parse.go import check_go_handler, is_go_run
from restate_proto.contract.parse.key import key_field
from restate_proto.contract.schema import HandlerModel
from restate_proto.model.config import Config
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.model.names import handler_name_problem

if TYPE_CHECKING:
    from google.protobuf import descriptor_pb2

    from restate_proto.contract.options import HandlerOption
    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.types import FoundMessage

__all__ = ["parse_handlers"]


def parse_handlers(scope: ServiceScope) -> tuple[HandlerModel, ...]:
    """Reads the methods of a service, in the order of the contract."""
    handlers = tuple(
        _handler(scope, method, number) for number, method in enumerate(scope.proto.method)
    )
    _check_names(scope, handlers)
    for number, handler in enumerate(handlers):
        check_go_handler(scope, handler, number)
    if scope.option.kind is ServiceKind.WORKFLOW:
        _check_run(scope, handlers)
    return handlers


def _handler(
    scope: ServiceScope, method: descriptor_pb2.MethodDescriptorProto, number: int
) -> HandlerModel:
    option = _option(scope, method, number)
    if method.client_streaming or method.server_streaming:
        scope.report(
            scope.method_path(number),
            f"{method.name} of {scope.title} streams, and a handler takes one message and returns "
            "one; remove `stream`, or move the method to a service that is not Restate's",
        )
    kind = _kind(scope, method, number, option)
    request, response = _message(scope, method.input_type), _message(scope, method.output_type)
    kind_is_keyed = scope.option.kind is not ServiceKind.SERVICE
    return HandlerModel(
        rpc=method.name,
        name=_name(scope, method, number, option),
        kind=kind,
        request=request.type,
        response=response.type,
        config=_config(scope, number, option, kind),
        comment=scope.comment(scope.method_path(number)),
        deprecated=method.options.deprecated,
        key_field=key_field(request, scope.file.options, scope.file.index, scope.file.problems)
        if kind_is_keyed
        else None,
        location=scope.location(scope.method_path(number)),
    )


def _message(scope: ServiceScope, type_name: str) -> FoundMessage:
    found = scope.file.index.message(type_name.removeprefix("."))
    if found is None:  # protoc has resolved it, and a request carries all that its files import
        raise AssertionError(f"{type_name} is not in the request")
    return found


def _option(
    scope: ServiceScope, method: descriptor_pb2.MethodDescriptorProto, number: int
) -> HandlerOption | None:
    """Returns what the method says about its handler, or None."""
    found = scope.file.options.handlers(method.options)
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
                scope.method_path(number, option.number),
                f"{method.name} has option {option.label} and its service has {service}, which do "
                f"not go together; write option {instead}",
            )
            continue
        unknown = unknown_field(option.message)
        if unknown:
            scope.report(
                scope.method_path(number, option.number),
                f"{unknown} that this version of restate-proto does not know; install a newer one",
            )
        return option
    return None


def _kind(
    scope: ServiceScope,
    method: descriptor_pb2.MethodDescriptorProto,
    number: int,
    option: HandlerOption | None,
) -> HandlerKind | None:
    """Returns how the handler runs: as the method says, or as its service's kind has it."""
    wanted = option.kinds if option is not None else {}
    if option is not None and wanted:
        refused = _refused(scope.option.kind, wanted)
        if refused:
            scope.report(
                scope.method_path(number, option.number),
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


def _refused(service: ServiceKind, wanted: dict[HandlerKind, str]) -> str | None:
    """Says why a service's kind has no handler like that, and what to write instead."""
    written = " and ".join(wanted.values())
    if len(wanted) > 1:
        return f"says {written}; keep one of them"
    if service is ServiceKind.SERVICE:
        return f"says {written}, and all handlers of a plain service are alike; remove it"
    if service is ServiceKind.VIRTUAL_OBJECT and HandlerKind.WORKFLOW in wanted:
        return f"says {written}, and only a workflow has a run handler; remove it"
    if service is ServiceKind.WORKFLOW and HandlerKind.EXCLUSIVE in wanted:
        return f"says {written}, and a workflow has a run handler and shared ones; remove it"
    return None


def _name(
    scope: ServiceScope,
    method: descriptor_pb2.MethodDescriptorProto,
    number: int,
    option: HandlerOption | None,
) -> str:
    if option is None or not option.message.HasField("name"):
        name, path = method.name, scope.method_path(number)
    else:
        name = option.message.name
        path = scope.method_path(number, option.number, option.message.NAME_FIELD_NUMBER)
    problem = handler_name_problem(name)
    if problem:
        instead = "rename it" if scope.option.is_go else _RENAME
        scope.report(path, f'Restate refuses the handler name "{name}": {problem}; {instead}')
    return name


_RENAME = "write another `name` in option (restatepb.v1.handler)"


def _config(
    scope: ServiceScope, number: int, option: HandlerOption | None, kind: HandlerKind | None
) -> Config:
    if option is None or not option.message.HasField("config"):
        return Config()
    path = scope.method_path(number, option.number, option.message.CONFIG_FIELD_NUMBER)
    return parse_config(
        option.message.config,
        scope.option.kind,
        kind,
        lambda text: scope.report(path, text),
        of_handler=True,
    )


def _check_names(scope: ServiceScope, handlers: tuple[HandlerModel, ...]) -> None:
    """Two handlers may not share a Restate name; what languages call them is for their generators."""
    names: dict[str, str] = {}
    for number, handler in enumerate(handlers):
        path = scope.method_path(number)
        first = names.setdefault(handler.name, handler.rpc)
        if first != handler.rpc:
            scope.report(
                path,
                f'{first} and {handler.rpc} of {scope.title} are both named "{handler.name}"; '
                f"{_RENAME} of one",
            )


def _check_run(scope: ServiceScope, handlers: tuple[HandlerModel, ...]) -> None:
    """A workflow has exactly one run handler."""
    runs = [
        (number, handler.rpc)
        for number, handler in enumerate(handlers)
        if handler.kind is HandlerKind.WORKFLOW
    ]
    mark = (
        "option (dev.restate.sdk.go.handler_type) = {};"
        if scope.option.is_go
        else "option (restatepb.v1.handler) = {{ {}: true }};"
    )
    if not runs:
        run = mark.format("WORKFLOW_RUN" if scope.option.is_go else "run")
        scope.report(
            scope.path,
            f"{scope.title} has no run handler; name one method `Run`, or write `{run}` in it",
        )
    shared = mark.format("SHARED" if scope.option.is_go else "shared")
    for number, rpc in runs[1:]:
        scope.report(
            scope.method_path(number),
            f"{scope.title} has two run handlers, {runs[0][1]} and {rpc}; keep one, and write "
            f"`{shared}` in the other",
        )
