"""Print the interface of a service's handlers, and the function that makes its definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey
from restate_proto.generate.docstrings import described, handler_doc
from restate_proto.generate.go.file import quote
from restate_proto.generate.go.methods import Method
from restate_proto.generate.go.names import ServiceNames
from restate_proto.generate.go.settings import handler_options, service_options
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.generate.go.file import GoFile
    from restate_proto.generate.validation import Validation

__all__ = ["render_server"]

_KINDS = {
    ServiceKind.SERVICE: "Service",
    ServiceKind.VIRTUAL_OBJECT: "Object",
    ServiceKind.WORKFLOW: "Workflow",
}


def render_server(file: GoFile, service: ServiceModel, validation: Validation) -> None:
    """Add the interface and the function.

    Args:
        file: takes the text.
        service: the service.
        validation: which handlers have requests that are validated.
    """
    names = ServiceNames.of(service)
    methods = [Method.of(file, service, handler) for handler in service.handlers]
    validated = {each.rpc for each in service.handlers if validation.of_handler(each)}
    file.use("restate.Context")
    file.lines("")
    file.doc(
        f"{names.server} has the handlers of {described(service)}.",
        service.comment or "",
        deprecated=service.deprecated,
    )
    file.lines(f"type {names.server} interface {{")
    for index, method in enumerate(methods):
        if index:
            file.lines("")
        handler = method.handler
        text = handler_doc(handler, says_deprecated=False)
        file.doc(text, deprecated=handler.deprecated, margin="\t")
        context = f"ctx {_context(service, handler)}"
        takes = context if method.takes_nothing else f"{context}, request {method.request}"
        returns = "error" if method.returns_nothing else f"({method.response}, error)"
        file.lines(f"\t{method.name}({takes}) {returns}")
    file.lines("}", "")
    _render_definition(file, service, names, methods, validated)


def _render_definition(
    file: GoFile,
    service: ServiceModel,
    names: ServiceNames,
    methods: list[Method],
    validated: Collection[str],
) -> None:
    file.doc(
        f"New{names.server} returns the definition that an endpoint binds. Options are added to the "
        "contract's."
    )
    file.lines(
        f"func New{names.server}(server {names.server}, "
        "options ...restate.ServiceDefinitionOption) restate.ServiceDefinition {"
    )
    new = f"\treturn restate.New{_KINDS[service.kind]}({quote(service.name)}, "
    said = service_options(file, service)
    if said:
        file.use("slices.Concat")
        file.lines(
            f"{new}slices.Concat([]restate.ServiceDefinitionOption{{",
            *(f"\t\t{option}," for option in said),
            "\t}, options)...)" + ("." if methods else ""),
        )
    else:
        file.lines(f"{new}options...)" + ("." if methods else ""))
    for method in methods:
        served = f"restateServe({method.request_codec}, {method.response_codec}, "
        is_validated = method.handler.rpc in validated
        *inside, last = _handler_function(service, names, method, is_validated=is_validated)
        options = [
            f"restate.WithInputCodec({method.request_codec})",
            f"restate.WithOutputCodec({method.response_codec})",
            *handler_options(file, service, method.handler),
        ]
        file.lines(
            f"\t\tHandler({quote(method.handler.name)}, restate.{_new_handler(service, method)}(",
            *_indented_after("\t\t\t", served, [*inside, f"{last}),"]),
            *(f"\t\t\t{option}," for option in options),
            "\t\t))" + ("" if method is methods[-1] else "."),
        )
    file.lines("}")


def _indented_after(margin: str, before: str, lines: list[str]) -> list[str]:
    """Put a text before the first line, and indent all lines."""
    first, *others = lines
    return [f"{margin}{before}{first}", *(f"{margin}{line}" for line in others)]


def _handler_function(
    service: ServiceModel, names: ServiceNames, method: Method, *, is_validated: bool
) -> list[str]:
    """Return the lines of the function that takes the request."""
    lines = _as_function(service, method)
    name = quote(f"{service.name}/{method.handler.name}")
    if is_validated:
        lines[0] = f"restateValidated({name}, {lines[0]}"
        lines[-1] += ")"
    if service.key is not None:
        is_fixed = isinstance(service.key, FixedKey)
        keys = f"restateFixedKey({names.key})" if is_fixed else names.key
        lines[0] = f"restateKeyed({name}, {keys}, {lines[0]}"
        lines[-1] += ")"
    return lines


def _as_function(service: ServiceModel, method: Method) -> list[str]:
    """Return the lines of a function that takes a request and returns a response."""
    if not method.takes_nothing and not method.returns_nothing:
        return [f"server.{method.name}"]
    request = "_" if method.takes_nothing else "request"
    call = f"server.{method.name}({'ctx' if method.takes_nothing else 'ctx, request'})"
    parameters = f"ctx {_context(service, method.handler)}, {request} {method.request}"
    return [
        f"func({parameters}) ({method.response}, error) {{",
        f"\treturn {f'nil, {call}' if method.returns_nothing else call}",
        "}",
    ]


def _context(service: ServiceModel, handler: HandlerModel) -> str:
    """Return the type of the context of a handler."""
    if service.kind is ServiceKind.SERVICE:
        return "restate.Context"
    shared = "Shared" if handler.kind is HandlerKind.SHARED else ""
    return f"restate.{_KINDS[service.kind]}{shared}Context"


def _new_handler(service: ServiceModel, method: Method) -> str:
    shared = "Shared" if method.handler.kind is HandlerKind.SHARED else ""
    return f"New{_KINDS[service.kind]}{shared}Handler"
