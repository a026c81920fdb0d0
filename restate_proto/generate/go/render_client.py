"""Print the clients of a service: for handlers, and for programs outside of Restate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import described, handler_doc
from restate_proto.generate.go.file import quote
from restate_proto.generate.go.methods import Method
from restate_proto.generate.go.names import ServiceNames, run_handle_name
from restate_proto.model.kinds import HandlerKind, ServiceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.contract.schema import ServiceModel
    from restate_proto.generate.go.file import GoFile

__all__ = ["render_client", "render_ingress_client"]

_CALLS = {
    ServiceKind.SERVICE: "Service",
    ServiceKind.VIRTUAL_OBJECT: "Object",
    ServiceKind.WORKFLOW: "Workflow",
}


@dataclass(frozen=True, slots=True)
class _Key:
    """The key of a client, as its constructor takes it.

    Args:
        name: the word for the key in comments; empty in a plain service.
        parameter: the parameter of the constructor; empty if it takes none.
        text: the expression for the key as a string, in the constructor.
        lines: the lines of the constructor that have to run before that expression.
    """

    name: str = ""
    parameter: str = ""
    text: str = ""
    lines: tuple[str, ...] = ()

    @classmethod
    def of(cls, file: GoFile, service: ServiceModel, names: ServiceNames) -> _Key:
        """Return the key of a service's clients."""
        if not service.is_keyed:
            return cls()
        name = "workflowID" if service.kind is ServiceKind.WORKFLOW else "key"
        match service.key:
            case FixedKey():
                return cls(name, "", names.key)
            case TypedKey(message):
                lines = (
                    f"\ttext, err := {names.key}.Format({name})",
                    "\tif err != nil {",
                    "\t\treturn nil, err",
                    "\t}",
                )
                return cls(name, f"{name} *{file.type(message)}", "text", lines)
            case None:
                return cls(name, f"{name} string", name)


@dataclass(frozen=True, slots=True)
class _Signature:
    """A method in the interface of a client.

    Args:
        text: the signature.
        doc: its comment.
        deprecated: whether it is deprecated.
    """

    text: str
    doc: str
    deprecated: bool = False

    @classmethod
    def of(cls, method: Method, text: str) -> _Signature:
        """Return the method that calls a handler."""
        doc = handler_doc(method.handler, says_deprecated=False)
        return cls(text, doc, method.handler.deprecated)


def render_client(file: GoFile, service: ServiceModel) -> None:
    """Add the client for handlers.

    Args:
        file: takes the text.
        service: the service.
    """
    names = ServiceNames.of(service)
    key = _Key.of(file, service, names)
    methods = [Method.of(file, service, handler) for handler in service.handlers]
    signatures = {
        method.name: f"{method.name}(options ...{file.use('restate.ClientOption')}) "
        f"restate.Client[{method.request}, {method.response}]"
        for method in methods
    }
    _render_interface(
        file,
        service,
        names.client,
        "in a handler",
        [_Signature.of(method, signatures[method.name]) for method in methods],
    )
    fields = {"ctx": "restate.Context", "options": "[]restate.ClientOption"}
    if key.name:
        fields = {"ctx": fields["ctx"], key.name: "string", "options": fields["options"]}
    parameters = ["ctx restate.Context", key.parameter, "options ...restate.ClientOption"]
    _render_struct(file, service, names.client, fields, parameters, key)
    kind = _CALLS[service.kind]
    arguments = ", ".join(["c.ctx", quote(service.name), *([f"c.{key.name}"] if key.name else [])])
    for method in methods:
        file.lines(
            "",
            f"func (c {_unexported(names.client)}) {signatures[method.name]} {{",
            f"\toptions = restateClientOptions({method.request_codec}, {method.response_codec}, "
            "c.options, options)",
            f"\tinner := restate.{kind}[{method.response}]({arguments}, "
            f"{quote(method.handler.name)}, options...)",
            f"\treturn restate.WithRequestType[{method.request}](inner)",
            "}",
        )


def render_ingress_client(file: GoFile, service: ServiceModel) -> None:
    """Add the client for programs outside of Restate.

    Args:
        file: takes the text.
        service: the service.
    """
    names = ServiceNames.of(service)
    key = _Key.of(file, service, names)
    methods = [Method.of(file, service, handler) for handler in service.handlers]
    file.use("ingress.Client")
    signatures: list[_Signature] = []
    for method in methods:
        signatures.append(_Signature.of(method, _outside_signature(method)))
        if method.handler.kind is HandlerKind.WORKFLOW:
            doc = f"Finds the call of {method.name}, once there is one."
            signatures.append(_Signature(_run_handle_signature(method), doc))
    _render_interface(
        file,
        service,
        names.ingress_client,
        "from outside of Restate",
        signatures,
    )
    fields = {"client": "*ingress.Client"} | ({key.name: "string"} if key.name else {})
    _render_struct(
        file, service, names.ingress_client, fields, ["client *ingress.Client", key.parameter], key
    )
    receiver = f"c {_unexported(names.ingress_client)}"
    text = f"c.{key.name}" if key.name else '""'
    for method in methods:
        file.lines(
            "",
            f"func ({receiver}) {_outside_signature(method)} {{",
            f"\treturn restateRequesterOf[{method.request}, {method.response}](",
            f"\t\tc.client, {method.request_codec}, {method.response_codec}, "
            f"{quote(service.name)}, {text}, {quote(method.handler.name)},",
            "\t)",
            "}",
        )
        if method.handler.kind is HandlerKind.WORKFLOW:
            arguments = f"c.client, {method.response_codec}, {quote(service.name)}, {text}"
            file.lines(
                "",
                f"func ({receiver}) {_run_handle_signature(method)} {{",
                f"\treturn restateRunOf[{method.response}]({arguments})",
                "}",
            )


def _outside_signature(method: Method) -> str:
    """Return the signature of the method that calls a handler from outside."""
    return f"{method.name}() ingress.Requester[{method.request}, {method.response}]"


def _run_handle_signature(method: Method) -> str:
    """Return the signature of the method that finds a workflow's run from outside."""
    return f"{run_handle_name(method.handler.rpc)}() ingress.InvocationHandle[{method.response}]"


def _render_interface(
    file: GoFile, service: ServiceModel, name: str, where: str, signatures: Sequence[_Signature]
) -> None:
    """Add the interface of a client, which calls handlers in a handler or from outside."""
    file.lines("")
    file.doc(f"{name} calls {described(service)} {where}.", deprecated=service.deprecated)
    file.lines(f"type {name} interface {{")
    for index, signature in enumerate(signatures):
        if index:
            file.lines("")
        file.doc(signature.doc, deprecated=signature.deprecated, margin="\t")
        file.lines(f"\t{signature.text}")
    file.lines("}", "")


def _render_struct(
    file: GoFile,
    service: ServiceModel,
    interface: str,
    fields: dict[str, str],
    parameters: list[str],
    key: _Key,
) -> None:
    """Add the struct that implements a client's interface, and its constructor."""
    name = _unexported(interface)
    width = max(map(len, fields))
    file.lines(
        f"type {name} struct {{",
        *(f"\t{field:{width}} {type_}" for field, type_ in fields.items()),
        "}",
        "",
    )
    what = {ServiceKind.VIRTUAL_OBJECT: " of a key", ServiceKind.WORKFLOW: " of a workflow id"}
    text = (
        f"New{interface} returns the client{what.get(service.kind, '') if key.parameter else ''}."
    )
    if key.lines:
        text += f" The error is that of {ServiceNames.of(service).key}."
    file.doc(text, deprecated=service.deprecated)
    returns = f"({interface}, error)" if key.lines else interface
    values = ", ".join(key.text if field == key.name else field for field in fields)
    made = f"{name}{{{values}}}"
    file.lines(
        f"func New{interface}({', '.join(filter(None, parameters))}) {returns} {{",
        *key.lines,
        f"\treturn {f'{made}, nil' if key.lines else made}",
        "}",
    )


def _unexported(name: str) -> str:
    return name[:1].lower() + name[1:]
