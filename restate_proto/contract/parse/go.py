"""The Go SDK's options beside ours: Go's generator reads only its own, so both must say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.go_options import EXTENSION, GoHandlerType, GoServiceType
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.schema import HandlerModel

__all__ = ["check_go_handler", "check_go_service", "is_go_run"]

_SERVICE_TYPES = {
    ServiceKind.SERVICE: GoServiceType.SERVICE,
    ServiceKind.VIRTUAL_OBJECT: GoServiceType.VIRTUAL_OBJECT,
    ServiceKind.WORKFLOW: GoServiceType.WORKFLOW,
}
_HANDLER_TYPES = {
    HandlerKind.EXCLUSIVE: GoHandlerType.EXCLUSIVE,
    HandlerKind.SHARED: GoHandlerType.SHARED,
    HandlerKind.WORKFLOW: GoHandlerType.WORKFLOW_RUN,
}


def is_go_run(rpc: str) -> bool:
    """Whether Go's generator takes a workflow's method, unless it says otherwise, for its run."""
    return rpc in {"Run", "run"}  # both are `Run` in Go, which is what it looks at


def check_go_service(scope: ServiceScope) -> None:
    """Notes where a service's option is not what Go's option beside it says."""
    go = scope.option.go
    if go is None:
        return
    wanted = _SERVICE_TYPES[scope.option.kind]
    if go.kind is not scope.option.kind:
        scope.report(
            scope.go_option_path(),
            f"{scope.full_name} has option {scope.option.label} and Go's says "
            f"{_SERVICE_TYPES[go.kind].name}; write option {go.label} = {wanted.name}",
        )
    message = scope.option.message
    if message.HasField("name") and message.name != scope.full_name:
        scope.report(
            scope.option_path(message.NAME_FIELD_NUMBER),
            f'{scope.title} is named "{message.name}", and the clients that Go generates for its '
            f"option {go.label} call {scope.full_name}; remove the name, or Go's option",
        )


def check_go_handler(scope: ServiceScope, handler: HandlerModel, number: int) -> None:
    """Notes where a handler is not what Go's generator makes of it.

    Args:
        scope: a service of ours, with or without Go's option beside it.
        handler: the handler.
        number: its index in the service.
    """
    go = scope.option.go
    if go is None:
        return
    if handler.name != handler.rpc:
        scope.report(
            scope.method_path(number),
            f'{handler.rpc} of {scope.title} is named "{handler.name}", and the clients that Go '
            f"generates for its option {go.label} call {handler.rpc}; remove the name, or Go's "
            "option",
        )
    if handler.kind is None or go.kind is not scope.option.kind:
        return
    said = _said(scope, number)
    found = said or _default(go.kind, handler.rpc)
    if found is not handler.kind:
        wanted = _HANDLER_TYPES[handler.kind].name
        scope.report(
            scope.method_path(number, EXTENSION) if said else scope.method_path(number),
            f"{handler.rpc} of {scope.title} is {wanted}, and Go's generator takes it for "
            f"{_HANDLER_TYPES[found].name}; write option (dev.restate.sdk.go.handler_type) = "
            f"{wanted}",
        )


def _said(scope: ServiceScope, number: int) -> HandlerKind | None:
    """Returns the kind that Go's option of a method asks for."""
    options = scope.file.options.handlers(scope.proto.method[number].options)
    return next((kind for option in options if option.is_go for kind in option.kinds), None)


def _default(service: ServiceKind, rpc: str) -> HandlerKind:
    """Returns the kind that Go's generator gives a method which says nothing."""
    if service is ServiceKind.VIRTUAL_OBJECT:
        return HandlerKind.EXCLUSIVE
    return HandlerKind.WORKFLOW if is_go_run(rpc) else HandlerKind.SHARED
