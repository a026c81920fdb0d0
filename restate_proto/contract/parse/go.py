"""Options of the Go SDK beside ours: both must say the same, and Go's generator must understand them.

Where both are there, they must say the same. Where ours is alone, an object is a plain service to
Go's generator: its clients have no key, and its server has no state. Nobody who has no Go wants to
hear that, so what counts as a contract for Go is a package with Go's options: such a package is
written by the same people, and is seen whole by a plugin that buf calls folder by folder.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.go_options import EXTENSION, GoHandlerType, GoServiceType
from restate_proto.contract.option_reader import OptionReader
from restate_proto.contract.paths import printable
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2
    from google.protobuf.descriptor import MethodDescriptor

    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.schema import HandlerModel

__all__ = ["check_go_handler", "check_go_service", "go_warnings", "is_go_run"]

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
_NOT_PLAIN = {ServiceKind.VIRTUAL_OBJECT: "an object", ServiceKind.WORKFLOW: "a workflow"}


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
            scope.go_option_location(),
            f"{scope.full_name} has option {scope.option.label} and Go's says "
            f"{_SERVICE_TYPES[go.kind].name}; write option {go.label} = {wanted.name}",
        )
    message = scope.option.message
    if message.HasField("name") and message.name != scope.full_name:
        scope.report(
            scope.option_location(message.NAME_FIELD_NUMBER),
            f'{scope.title} is named "{message.name}", and the clients that Go generates for its '
            f"option {go.label} call {scope.full_name}; remove the name, or Go's option",
        )


def check_go_handler(scope: ServiceScope, handler: HandlerModel, method: MethodDescriptor) -> None:
    """Notes where a handler is not what Go's generator makes of it.

    Args:
        scope: a service of ours, with or without Go's option beside it.
        handler: the handler.
        method: its descriptor.
    """
    go = scope.option.go
    if go is None:
        return
    if handler.name != handler.rpc:
        scope.report(
            handler.location,
            f'{handler.rpc} of {scope.title} is named "{handler.name}", and the clients that Go '
            f"generates for its option {go.label} call {handler.rpc}; remove the name, or Go's "
            "option",
        )
    if handler.kind is None or go.kind is not scope.option.kind:
        return
    asked = _kind_by_option(scope, method)
    found = asked or _kind_by_default(go.kind, handler.rpc)
    if found is not handler.kind:
        wanted = _HANDLER_TYPES[handler.kind].name
        scope.report(
            scope.method_location(method, EXTENSION) if asked else handler.location,
            f"{handler.rpc} of {scope.title} is {wanted}, and Go's generator takes it for "
            f"{_HANDLER_TYPES[found].name}; write option (dev.restate.sdk.go.handler_type) = "
            f"{wanted}",
        )


def _kind_by_option(scope: ServiceScope, method: MethodDescriptor) -> HandlerKind | None:
    """Returns the kind that Go's option of a method asks for."""
    options = scope.file.options.handlers(method.GetOptions())
    return next((kind for option in options if option.is_go for kind in option.kinds), None)


def _kind_by_default(service: ServiceKind, rpc: str) -> HandlerKind:
    """Returns the kind that Go's generator gives a method which says nothing."""
    if service is ServiceKind.VIRTUAL_OBJECT:
        return HandlerKind.EXCLUSIVE
    return HandlerKind.WORKFLOW if is_go_run(rpc) else HandlerKind.SHARED


def go_warnings(request: plugin_pb2.CodeGeneratorRequest) -> tuple[str, ...]:
    """Finds objects and workflows that Go's generator takes for plain services.

    Args:
        request: whose files are to be generated.

    Returns:
        A line for each, with its place; none where no package has options of Go.
    """
    descriptors = Descriptors(request.proto_file)
    options = OptionReader(descriptors)
    files = {name: descriptors.file(name) for name in descriptors.protos}
    packages = {file.package for file in files.values() if options.uses_go(file)}
    wanted = set(request.file_to_generate)
    warnings: list[str] = []
    for name, file in files.items():
        if name not in wanted or file.package not in packages:
            continue
        for service in file.services_by_name.values():
            found = options.kinds(service.GetOptions())
            if len(found) != 1 or found[0].is_go or found[0].kind not in _NOT_PLAIN:
                continue
            warnings.append(
                f"{descriptors.location(service)}: warning: {service.name} is "
                f"{_NOT_PLAIN[found[0].kind]}, and Go's generator takes it for a plain service; "
                "write option (dev.restate.sdk.go.service_type) = "
                f"{_SERVICE_TYPES[found[0].kind].name} beside {found[0].label}"
            )
    return tuple(map(printable, warnings))
