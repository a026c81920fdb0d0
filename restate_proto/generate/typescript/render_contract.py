"""Print the contract value of a service, and the function that serves it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import DEPRECATED, described, handler_doc
from restate_proto.generate.typescript.layout import List, call, member, object_of, quote, tsdoc
from restate_proto.generate.typescript.names import ServiceNames, served_by_the_sdk
from restate_proto.generate.typescript.settings import (
    descriptor_options,
    handler_options,
    service_options,
)
from restate_proto.generate.typescript.support import SERDE, VALIDATION
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind

if TYPE_CHECKING:
    from restate_proto.contract.schema import HandlerModel, MessageType, ServiceModel
    from restate_proto.generate.typescript.file import TypeScriptFile
    from restate_proto.generate.typescript.layout import Expression
    from restate_proto.generate.validation import Validation

__all__ = ["render_contract", "render_implement"]

_KINDS = {
    ServiceKind.SERVICE: ("service", "ServiceImplHandlers", "ServiceOptions"),
    ServiceKind.VIRTUAL_OBJECT: ("object", "ObjectImplHandlers", "ObjectOptions"),
    ServiceKind.WORKFLOW: ("workflow", "WorkflowImplHandlers", "WorkflowOptions"),
}


_CALLED_ONLY = """

It can be called but not served, because the SDK calls the run handler of every workflow `run`. To
serve it, write `option (restatepb.v1.handler) = { name: "run" run: true };` in the contract."""


def render_contract(file: TypeScriptFile, service: ServiceModel) -> None:
    """Add the value that handlers are called with, and that `implement` takes."""
    names = ServiceNames.of(service)
    iface = file.sdk("iface")
    handlers = [
        member(handler.name, _handler(file, service, handler, iface), _comment(handler))
        for handler in service.handlers
    ]
    arguments: list[Expression] = [quote(service.name), List("{", tuple(handlers), "}")]
    described_by = descriptor_options(service)
    if described_by:
        arguments.append(List("{", tuple(described_by), "}"))
    text = service.comment or f"The contract of {described(service)}."
    if not served_by_the_sdk(service):
        text += _CALLED_ONLY
    file.doc(text, deprecated=service.deprecated)
    file.constant(names.contract, call(f"{iface}.{_KINDS[service.kind][0]}", *arguments))


def render_implement(file: TypeScriptFile, service: ServiceModel, validation: Validation) -> None:
    """Add the function that serves the contract, with the settings of its handlers.

    Args:
        file: takes the text.
        service: the service.
        validation: which handlers have requests that are validated.
    """
    names = ServiceNames.of(service)
    _, handlers, options = _KINDS[service.kind]
    of_handlers = {handler.name: handler_options(handler) for handler in service.handlers}
    contract_says = (*service_options(service), member("handlers", object_of(of_handlers)))
    configured = {
        "handlers": _served_handlers(file, service, names, validation),
        "options": List("{", (*contract_says, "...options"), "}"),
    }
    file.doc(f"Serves {described(service)}: pass it to `restate.serve`.")
    file.lines(
        f"export function {names.implement}(",
        f'  handlers: {file.sdk_type(handlers)}<(typeof {names.contract})["_handlers"]>,',
        f"  options: {file.sdk_type(options)} = {{}},",
        ") {",
    )
    implemented = List(
        f"{file.sdk('implement')}({names.contract}, {{",
        tuple(member(name, value) for name, value in configured.items()),
        "})",
    )
    file.statement("return ", implemented, "  ")
    file.lines("}")


def _served_handlers(
    file: TypeScriptFile, service: ServiceModel, names: ServiceNames, validation: Validation
) -> Expression:
    """Return the handlers, which answer in the requested encoding, and check keys and requests."""
    messages = [
        quote(handler.name)
        for handler in service.handlers
        if handler.raw_response is None and not handler.response.is_empty
    ]
    is_json = "true" if service.encoding is Encoding.JSON else "false"
    arguments: list[Expression] = ["handlers", is_json, List("[", tuple(messages), "]")]
    checks: list[Expression] = []
    if service.key is not None:
        checks.append(member("keys", names.key))
    requests = [
        member(handler.name, file.schema(handler.request))
        for handler in service.handlers
        if validation.of_handler(handler)
    ]
    if requests:
        new = f"new {file.support('RequestRules', VALIDATION)}"
        rules = call(new, quote(service.name), List("{", tuple(requests), "}"))
        checks.append(member("requests", rules))
    if checks:
        arguments.append(List("{", tuple(checks), "}"))
    return call(file.support("serving", SERDE), *arguments)


def _handler(
    file: TypeScriptFile, service: ServiceModel, handler: HandlerModel, iface: str
) -> Expression:
    takes = _serde(file, service, handler.request, handler.raw_request)
    returns = _serde(file, service, handler.response, handler.raw_response)
    is_binary = service.encoding is not Encoding.JSON
    if is_binary and handler.raw_response is None and not handler.response.is_empty:
        returns = call(file.support("answer", SERDE), returns)
    members = (
        member("input", takes),
        member("output", returns),
        *descriptor_options(handler),
    )
    is_shared = handler.kind is HandlerKind.SHARED
    return call(f"{iface}.{'shared.' if is_shared else ''}serdes", List("{", members, "}"))


def _serde(
    file: TypeScriptFile, service: ServiceModel, message: MessageType, raw: str | None
) -> Expression:
    if raw is not None:
        return call(file.support("bytes", SERDE), quote(raw))
    if message.is_empty:
        in_json = service.encoding is Encoding.JSON
        return file.support("nothingInJson" if in_json else "nothing", SERDE)
    return file.serde(message, service.encoding)


def _comment(handler: HandlerModel) -> list[str]:
    text = handler_doc(handler, says_deprecated=False)
    return tsdoc(text, deprecated=DEPRECATED if handler.deprecated else None)
