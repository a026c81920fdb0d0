"""Check the Go SDK's options against ours, and warn of services that Go's generator misunderstands.

If a service has options of both kinds, they must agree. If it has only ours, Go's generator takes
an object for a plain service: its clients have no key, and its server has no state. That warning
concerns users of Go only, so it is given only in packages that use Go's options somewhere. The
package is the right unit because the same people write it, and because buf calls plugins folder by
folder.
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
    """Tell whether Go's generator makes a workflow's method the run handler by default."""
    return rpc in {"Run", "run"}  # both become `Run` in Go, and the generator looks at that name


def check_go_service(scope: ServiceScope) -> None:
    """Report a service whose option disagrees with Go's option next to it."""
    go = scope.option.go
    if go is None:
        return
    wanted = _SERVICE_TYPES[scope.option.kind]
    if go.kind is not scope.option.kind:
        scope.report(
            scope.go_option_location(),
            f"{scope.full_name} has option {scope.option.label}, but Go's says "
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
    """Report a handler whose kind or name Go's generator would understand differently.

    Args:
        scope: a service with our option, with or without Go's next to it.
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
    """Return the kind that Go's option of a method asks for."""
    options = scope.file.options.handlers(method.GetOptions())
    return next((kind for option in options if option.is_go for kind in option.kinds), None)


def _kind_by_default(service: ServiceKind, rpc: str) -> HandlerKind:
    """Return the kind that Go's generator gives to a method without an option."""
    if service is ServiceKind.VIRTUAL_OBJECT:
        return HandlerKind.EXCLUSIVE
    return HandlerKind.WORKFLOW if is_go_run(rpc) else HandlerKind.SHARED


def go_warnings(request: plugin_pb2.CodeGeneratorRequest) -> tuple[str, ...]:
    """Find objects and workflows that Go's generator takes for plain services.

    Args:
        request: the request, which names the files to generate.

    Returns:
        One line for each service, with its place; nothing if no package uses Go's options.
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
