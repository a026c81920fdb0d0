"""Write calls with the generated Go clients."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from google.protobuf.descriptor import FieldDescriptor

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.go.names import ServiceNames, go_name, message_name, run_handle_name
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

__all__ = ["go_call", "go_package"]

_SDK = 'restate "github.com/restatedev/sdk-go"'
_INGRESS = '"github.com/restatedev/sdk-go/ingress"'
_PROTO = '"google.golang.org/protobuf/proto"'

# protoc-gen-go renames these fields, because every message has a method of that name.
_METHODS = frozenset({"Descriptor", "ProtoMessage", "ProtoReflect", "Reset", "String"})

# The functions that make the pointer that a field with presence is set to.
_F = FieldDescriptor
_POINTERS = {
    _F.CPPTYPE_BOOL: "Bool",
    _F.CPPTYPE_DOUBLE: "Float64",
    _F.CPPTYPE_INT32: "Int32",
    _F.CPPTYPE_INT64: "Int64",
    _F.CPPTYPE_STRING: "String",
    _F.CPPTYPE_UINT32: "Uint32",
    _F.CPPTYPE_UINT64: "Uint64",
}


def go_call(site: CallSite, *, is_private: bool) -> Call:
    """Write calls from a handler and, unless the called one is private, from outside.

    Args:
        site: the handler.
        is_private: whether only handlers may call it.
    """
    content: list[Paragraph | Snippet] = [*titled(IN_A_HANDLER, "go", _Writer(site).in_a_handler())]
    if not is_private:
        content += titled(FROM_OUTSIDE, "go", _Writer(site).from_outside())
    return Call("Go", tuple(content))


def go_package(given: str, file: str) -> tuple[str, str]:
    """Return the path and the name of a file's package.

    Args:
        given: the option `go_package`; if it is empty, the package is an example.
        file: the path of the file.
    """
    path, _, name = given.partition(";")
    folder = file.rpartition("/")[0]
    if not path:
        path = f"example.com/gen/{folder}".rstrip("/")
        name = "".join(folder.split("/")[-2:]) or "gen"
    return path, re.sub(r"\W", "_", name or path.rpartition("/")[2])


class _Writer:
    """Writes one snippet."""

    def __init__(self, site: CallSite) -> None:
        self._site = site
        self._names = ServiceNames.of(site.service)
        self._imports: set[str] = set()
        self._method = f"client.{go_name(site.handler.rpc)}()"

    def in_a_handler(self) -> list[str]:
        lines = [
            f"request := {self._request()}",
            self._client(self._names.client, "ctx"),
            f"response, err := {self._method}.Request(request)",
        ]
        if not self._site.is_run:
            self._imports |= {_SDK, '"time"'}
            delay = "restate.WithDelay(5*time.Minute)"
            lines.append(f"{self._method}.Send(request, {delay}) // one way, in five minutes")
        return self._with_imports(lines)

    def from_outside(self) -> list[str]:
        self._imports.add(_INGRESS)
        lines = [
            f"request := {self._request()}",
            f'connection := ingress.NewClient("{self._site.ingress_url}")',
            self._client(self._names.ingress_client, "connection"),
        ]
        if self._site.is_run:
            lines += [
                f"sent, err := {self._method}.Send(ctx, request)",
                f"response, err := client.{run_handle_name(self._site.handler.rpc)}().Attach(ctx)",
            ]
        else:
            self._imports.add(_SDK)
            once = f'restate.WithIdempotencyKey("{IDEMPOTENCY_KEY}")'
            lines += [
                f"response, err := {self._method}.Request(ctx, request, {once})",
                f"sent, err := {self._method}.Send(ctx, request) // one way",
            ]
        return self._with_imports(lines)

    def _client(self, interface: str, first: str) -> str:
        package = self._package(self._site.service.location.file)
        arguments = [first]
        results = "client"
        match self._site.service.key:
            case FixedKey():
                pass
            case TypedKey(message):
                fields = self._site.library.descriptor(message.full_name).fields_by_name
                values = (
                    f"{go_name(name)}: {self._value(fields[name], value)}"
                    for name, value in self._site.key_values().items()
                )
                arguments.append(f"&{self._type(message)}{{{', '.join(values)}}}")
                results = "client, err"  # the format may refuse the key
            case None if self._site.key is not None:
                arguments.append(json.dumps(self._site.key, ensure_ascii=False))
            case None:
                pass
        return f"{results} := {package}.New{interface}({', '.join(arguments)})"

    def _request(self) -> str:
        if self._site.raw_type:
            return f"[]byte{{}} // {self._site.raw_type}"
        fields = [
            f"{go_name(field.name)}: {self._value(field.descriptor, field.value)}"
            for field in self._site.simple_fields()
            if go_name(field.name) not in _METHODS
        ]
        return f"&{self._type(self._site.handler.request)}{{{', '.join(fields)}}}"

    def _value(self, field: FieldDescriptor, value: bool | float | str) -> str:
        text = json.dumps(value, ensure_ascii=False)
        if field.enum_type is not None:
            name = go_name(
                field.enum_type.full_name.removeprefix(f"{field.enum_type.file.package}.")
            )
            return f"{self._package(field.enum_type.file.name)}.{name}({text})"
        if not field.has_presence:
            return text
        self._imports.add(_PROTO)
        return f"proto.{_POINTERS[field.cpp_type]}({text})"

    def _type(self, message: MessageType) -> str:
        return f"{self._package(message.file)}.{message_name(message)}"

    def _package(self, file: str) -> str:
        """Import the package of a file, and return its name."""
        given = self._site.library.file(file).GetOptions().go_package
        path, name = go_package(given, file)
        self._imports.add(f'{name} "{path}"')
        return name

    def _with_imports(self, lines: list[str]) -> list[str]:
        return [
            "import (",
            *(f"\t{line}" for line in sorted(self._imports, key=_path)),
            ")",
            "",
            *lines,
        ]


def _path(line: str) -> str:
    return line.partition('"')[2]
