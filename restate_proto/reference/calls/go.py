"""Calls in Go.

They use the clients of the Go SDK's generator where the contract has its options, else they call
by name.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from restate_proto.codec.payload import content_type_of
from restate_proto.model.kinds import Encoding, ServiceKind
from restate_proto.reference.calls.call_site import (
    FROM_OUTSIDE,
    IDEMPOTENCY_KEY,
    IN_A_HANDLER,
    titled,
)
from restate_proto.reference.document import Call

if TYPE_CHECKING:
    from restate_proto.contract.schema import MessageType
    from restate_proto.reference.calls.call_site import CallSite
    from restate_proto.reference.document import Paragraph, Snippet

__all__ = ["go_call"]

_SDK = 'restate "github.com/restatedev/sdk-go"'
_INGRESS = '"github.com/restatedev/sdk-go/ingress"'
_ENCODING = '"github.com/restatedev/sdk-go/encoding"'
_FUNCTIONS = {
    ServiceKind.SERVICE: "Service",
    ServiceKind.VIRTUAL_OBJECT: "Object",
    ServiceKind.WORKFLOW: "Workflow",
}

# Fields whose names protoc-gen-go changes, as every message has a method of that name.
_METHODS = frozenset({"Descriptor", "ProtoMessage", "ProtoReflect", "Reset", "String"})


def go_call(site: CallSite, *, is_generated: bool, is_private: bool) -> Call:
    """Calls a handler from a handler and, unless it is private, from outside.

    Args:
        site: the handler.
        is_generated: whether the Go SDK's generator makes clients of the service.
        is_private: whether only handlers may call it.
    """
    content: list[Paragraph | Snippet] = [
        *titled(IN_A_HANDLER, "go", _Writer(site, is_generated=is_generated).in_a_handler()),
    ]
    if not is_private and _is_raw(site):
        content += titled(FROM_OUTSIDE, "go", _Writer(site, is_generated=False).raw_from_outside())
    elif not is_private:
        lines = _Writer(site, is_generated=is_generated).from_outside()
        content += titled(FROM_OUTSIDE, "go", lines)
    return Call("Go", tuple(content))


def _is_raw(site: CallSite) -> bool:
    return site.handler.raw_request is not None or site.handler.raw_response is not None


class _Package(NamedTuple):
    """A Go package, as an import names it."""

    name: str
    path: str


class _Writer:
    """Writes one snippet."""

    def __init__(self, site: CallSite, *, is_generated: bool) -> None:
        self._site = site
        self._is_generated = is_generated
        self._is_json = site.service.encoding is Encoding.JSON
        self._key = [] if site.key is None else [json.dumps(site.key, ensure_ascii=False)]
        self._imports = {_SDK}
        self._packages: set[_Package] = set()

    def raw_from_outside(self) -> list[str]:
        """Calls a raw handler as any HTTP client does: the SDK's has one content type for bytes."""
        self._imports = {'"bytes"', '"net/http"'}
        key = [quote(self._site.key, safe="")] if self._site.key else []
        path = [self._site.service.name, *key, self._site.handler.name]
        url = "/".join([self._site.ingress_url, *path])
        type_ = self._site.raw_type or content_type_of(self._site.service.encoding)
        lines = [
            *self._raw_request(),
            f'response, err := http.Post("{url}", "{type_}", bytes.NewReader(request))',
        ]
        return self._with_imports(lines)

    def _raw_request(self) -> list[str]:
        """The request as bytes; that of a handler whose response alone is raw is made of a message."""
        if self._site.raw_type:
            return [f"request := []byte{{}} // {self._site.raw_type}"]
        module, function = (
            ("protojson", "encoding/protojson") if self._is_json else ("proto", "proto")
        )
        self._imports.add(f'"google.golang.org/protobuf/{function}"')
        return [f"request, err := {module}.Marshal({self._request()})"]

    def _given_request(self) -> list[str]:
        if _is_raw(self._site):
            return self._raw_request()
        return [f"request := {self._request()}"]

    def in_a_handler(self) -> list[str]:
        lines = [
            *self._given_request(),
            f"client := {self._client()}",
            "response, err := client.Request(request)",
        ]
        if not self._site.is_run:
            self._imports.add('"time"')
            delay = "restate.WithDelay(5*time.Minute)"
            lines.append(f"client.Send(request, {delay}) // one way, in five minutes")
        return self._with_imports(lines)

    def from_outside(self) -> list[str]:
        self._imports.add(_INGRESS)
        lines = [
            f"request := {self._request()}",
            f'connection := ingress.NewClient("{self._site.ingress_url}")',
            *self._ingress_client(),
        ]
        if self._site.is_run:
            self._imports.discard(_SDK)
            send = "Submit" if self._is_generated else "Send"
            lines += [
                f"run, err := client.{send}(ctx, request)",
                "response, err := run.Attach(ctx)",
            ]
            return self._with_imports(lines)
        once = f'restate.WithIdempotencyKey("{IDEMPOTENCY_KEY}")'
        lines += [
            f"response, err := client.Request(ctx, request, {once})",
            "sent, err := client.Send(ctx, request) // one way",
        ]
        return self._with_imports(lines)

    def _client(self) -> str:
        codec = "restate.WithProtoJSON" if self._is_json else "restate.WithProto"
        if self._is_generated:  # it writes JSON if it is not told otherwise
            arguments = ", ".join(["ctx", *self._key, *([] if self._is_json else [codec])])
            return (
                f"{self._service_package().name}.New{self._name}Client({arguments}).{self._rpc}()"
            )
        if _is_raw(self._site):  # one codec is for both
            codec = "restate.WithBinary"
        handler, service = self._site.handler.name, self._site.service.name
        arguments = ", ".join(["ctx", f'"{service}"', *self._key, f'"{handler}"', codec])
        function = _FUNCTIONS[self._site.service.kind]
        response = "[]byte"
        if not _is_raw(self._site):
            response = f"*{self._type(self._site.handler.response)}"
        return f"restate.{function}[{response}]({arguments})"

    def _ingress_client(self) -> list[str]:
        if self._is_generated:
            arguments = ", ".join(["connection", *self._key])
            package = self._service_package().name
            rpc = "" if self._site.is_run else f".{self._rpc}()"
            return [f"client := {package}.New{self._name}IngressClient({arguments}){rpc}"]
        self._imports.add(_ENCODING)
        codec = "encoding.ProtoJSONCodec" if self._is_json else "encoding.ProtoCodec"
        types = ", ".join(
            f"*{self._type(message)}"
            for message in (self._site.handler.request, self._site.handler.response)
        )
        target = f'"{self._site.service.name}", "{self._site.handler.name}"'
        key = "&key" if self._key else "nil"
        names, values = ["codec"], [codec]
        if self._key:
            names, values = ["key", *names], [*self._key, *values]
        return [
            f"{', '.join(names)} := {', '.join(values)}",
            f"client := ingress.NewRequester[{types}](connection, {target}, {key}, &codec)",
        ]

    def _request(self) -> str:
        fields = [
            f"{_camel_case(field.name)}: {json.dumps(field.value)}"
            for field in self._site.simple_fields()
            # A pointer, else.
            if not field.descriptor.has_presence and _camel_case(field.name) not in _METHODS
        ]
        return f"&{self._type(self._site.handler.request)}{{{', '.join(fields)}}}"

    @property
    def _name(self) -> str:
        return _camel_case(self._site.service.proto)

    @property
    def _rpc(self) -> str:
        return _camel_case(self._site.handler.rpc)

    def _service_package(self) -> _Package:
        return self._package(self._site.handler.location.file)

    def _type(self, message: MessageType) -> str:
        return f"{self._package(message.file).name}.{_camel_case('.'.join(message.names))}"

    def _package(self, file: str) -> _Package:
        """Returns the package of a file, and imports it."""
        path, _, name = self._site.library.file(file).GetOptions().go_package.partition(";")
        folder = file.rpartition("/")[0]
        if not path:
            path = f"example.com/gen/{folder}".rstrip("/")
            name = "".join(folder.split("/")[-2:]) or "gen"
        package = _Package(re.sub(r"\W", "_", name or path.rpartition("/")[2]), path)
        self._packages.add(package)
        return package

    def _with_imports(self, lines: list[str]) -> list[str]:
        imports = {*self._imports, *(f'{name} "{path}"' for name, path in self._packages)}
        return ["import (", *(f"\t{line}" for line in sorted(imports, key=_path)), ")", "", *lines]


def _path(line: str) -> str:
    return line.partition('"')[2]


def _camel_case(name: str) -> str:
    """Turns a proto name into a Go one as protoc-gen-go does: `Outer.inner_2x` to `OuterInner_2X`."""
    name = re.sub(r"(^|\.)_", r"\1X", name)
    name = re.sub(r"[._]([a-z])", lambda match: match[1].upper(), name)
    name = re.sub(r"(^|[0-9.])([a-z])", lambda match: match[1] + match[2].upper(), name)
    return name.replace(".", "_")
