"""Calls in TypeScript: by name, with serdes for the messages of protoc-gen-es."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from restate_proto.model.kinds import Encoding
from restate_proto.reference.calls.call_site import (
    FROM_OUTSIDE,
    IDEMPOTENCY_KEY,
    IN_A_HANDLER,
    titled,
)
from restate_proto.reference.document import Call

if TYPE_CHECKING:
    from restate_proto.contract.schema import MessageType
    from restate_proto.reference.calls.call_site import CallSite, SimpleField
    from restate_proto.reference.document import Paragraph, Snippet

__all__ = ["typescript_call"]

_MESSAGES = "@bufbuild/protobuf"
_BINARY = """
import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import type { Serde } from "@restatedev/restate-sdk-core";

export const serde = <M extends DescMessage>(schema: M): Serde<MessageShape<M>> => ({
  contentType: "application/protobuf",
  serialize: (message) => toBinary(schema, message),
  deserialize: (data) => fromBinary(schema, data),
});
"""
_JSON = """
import { type DescMessage, fromJsonString, type MessageShape, toJsonString } from "@bufbuild/protobuf";
import type { Serde } from "@restatedev/restate-sdk-core";

export const serde = <M extends DescMessage>(schema: M): Serde<MessageShape<M>> => ({
  contentType: "application/json",
  serialize: (message) => new TextEncoder().encode(toJsonString(schema, message)),
  deserialize: (data) =>
    fromJsonString(schema, new TextDecoder().decode(data), { ignoreUnknownFields: true }),
});
"""

_RAW = """
export const raw = (contentType: string): Serde<Uint8Array> => ({
  contentType,
  serialize: (bytes) => bytes,
  deserialize: (data) => data,
});
"""
_SERDE_TYPE = 'import type { Serde } from "@restatedev/restate-sdk-core";\n'

# Properties that protoc-gen-es calls otherwise, as every object has one of that name.
_OBJECT = frozenset({"constructor", "toString", "toJSON", "valueOf"})


def typescript_call(site: CallSite, *, is_private: bool) -> Call:
    """Calls a handler from a handler and, unless it is private, from outside."""
    content: list[Paragraph | Snippet] = [
        *titled("Once in a program, in serde.ts:", "typescript", [_serdes(site).strip()]),
        *titled(IN_A_HANDLER, "typescript", _Writer(site).in_a_handler()),
    ]
    if not is_private:
        content += titled(FROM_OUTSIDE, "typescript", _Writer(site).from_outside())
    return Call("TypeScript", tuple(content))


def _serdes(site: CallSite) -> str:
    """The functions that the calls of a handler take their serdes from."""
    raw = site.handler.raw_request, site.handler.raw_response
    messages = _JSON if site.service.encoding is Encoding.JSON else _BINARY
    if None not in raw:
        messages = _SERDE_TYPE
    return messages if raw == (None, None) else messages + _RAW


class _Writer:
    """Writes one snippet."""

    def __init__(self, site: CallSite) -> None:
        self._site = site
        self._imports: dict[str, set[str]] = {}
        self._input = self._serde(site.handler.request, site.raw_type)
        self._output = self._serde(site.handler.response, site.handler.raw_response)

    def in_a_handler(self) -> list[str]:
        lines = [
            "const target = {",
            *self._target("method"),
            f"  inputSerde: {self._input},",
            "};",
            f"const outputSerde = {self._output};",
            "const response = await ctx.genericCall({ ...target, outputSerde });",
        ]
        if not self._site.is_run:
            lines.append("ctx.genericSend({ ...target, delay: { minutes: 5 } }); // one way")
        return self._whole(lines)

    def from_outside(self) -> list[str]:
        self._imports["@restatedev/restate-sdk-clients"] = {"connect", "Opts"}
        if not self._site.is_run:
            self._imports["@restatedev/restate-sdk-clients"].add("SendOpts")
        lines = [
            f'const ingress = connect({{ url: "{self._site.ingress_url}" }});',
            "const target = {",
            *self._target("handler"),
            "};",
            f"const input = {self._input};",
            f"const output = {self._output};",
        ]
        if self._site.is_run:
            lines.append(
                "const response = await ingress.call({ ...target, opts: Opts.from({ input, output }) });"
            )
            return self._whole(lines)
        lines += [
            "const response = await ingress.call({",
            "  ...target,",
            f'  opts: Opts.from({{ input, output, idempotencyKey: "{IDEMPOTENCY_KEY}" }}),',
            "});",
            "await ingress.send({ ...target, opts: SendOpts.from({ input }) }); // one way",
        ]
        return self._whole(lines)

    def _target(self, handler: str) -> list[str]:
        key = (
            []
            if self._site.key is None
            else [f"  key: {json.dumps(self._site.key, ensure_ascii=False)},"]
        )
        return [
            f'  service: "{self._site.service.name}",',
            *key,
            f'  {handler}: "{self._site.handler.name}",',
            f"  parameter: {self._request()},",
        ]

    def _request(self) -> str:
        if self._site.raw_type:
            return "new Uint8Array([])"
        self._imports.setdefault(_MESSAGES, set()).add("create")
        return f"create({self._schema(self._site.handler.request)}{self._fields()})"

    def _fields(self) -> str:
        fields = [
            f"{name}: {_literal(field)}"
            for field in self._site.simple_fields()
            if (name := _camel_case(field.name)) not in _OBJECT
        ]
        return f", {{ {', '.join(fields)} }}" if fields else ""

    def _serde(self, message: MessageType, raw: str | None) -> str:
        """Returns the serde of a request or a response, and imports what it is made of."""
        function = "serde" if raw is None else "raw"
        self._imports.setdefault("./serde.js", set()).add(function)
        return f"serde({self._schema(message)})" if raw is None else f'raw("{raw}")'

    def _schema(self, message: MessageType) -> str:
        """Returns the schema of a message, and imports it."""
        name = f"{'_'.join(message.names)}Schema"
        if message.file.startswith("google/protobuf/"):
            module = f"{_MESSAGES}/wkt"
        else:
            module = f"./gen/{message.file.removesuffix('.proto')}_pb.js"
        self._imports.setdefault(module, set()).add(name)
        return name

    def _whole(self, lines: list[str]) -> list[str]:
        imports = [
            f'import {{ {", ".join(sorted(names, key=str.lower))} }} from "{module}";'
            for module, names in sorted(self._imports.items(), key=_package)
        ]
        return [*imports, "", *lines]


def _package(item: tuple[str, set[str]]) -> tuple[bool, str]:
    return item[0].startswith("."), item[0]


def _literal(field: SimpleField) -> str:
    return f"{field.value}n" if field.is_long else json.dumps(field.value)


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
