"""Write calls in TypeScript, with the contract values of the generated code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from restate_proto.generate.typescript.names import ServiceNames
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

# protoc-gen-es renames these properties, because every object has one of that name.
_OBJECT = frozenset({"constructor", "toString", "toJSON", "valueOf"})


def typescript_call(site: CallSite, *, is_private: bool) -> Call:
    """Write calls from a handler and, unless the called one is private, from outside."""
    content: list[Paragraph | Snippet] = [
        *titled(IN_A_HANDLER, "typescript", _Writer(site).in_a_handler()),
    ]
    if not is_private:
        content += titled(FROM_OUTSIDE, "typescript", _Writer(site).from_outside())
    return Call("TypeScript", tuple(content))


class _Writer:
    """Writes one snippet."""

    def __init__(self, site: CallSite) -> None:
        self._site = site
        self._imports: dict[str, set[str]] = {}
        contract = ServiceNames.of(site.service).contract
        path = site.service.location.file.removesuffix(".proto")
        self._imports[f"./generated/{path}_restate.js"] = {contract}
        key = "" if site.key is None else f", {json.dumps(site.key, ensure_ascii=False)}"
        self._callee = f"{contract}{key}"
        self._takes_nothing = site.handler.request.is_empty and site.raw_type is None

    def in_a_handler(self) -> list[str]:
        lines = [*self._requests(), f"const response = await {self._call('ctx.client')};"]
        if not self._site.is_run:
            self._imports["@restatedev/restate-sdk"] = {"rpc"}
            delayed = self._call("ctx.sendClient", "rpc.sendOpts({ delay: { minutes: 5 } })")
            lines.append(f"{delayed}; // one way")
        return self._whole(lines)

    def from_outside(self) -> list[str]:
        self._imports["@restatedev/restate-sdk-clients"] = {"connect"}
        lines = [
            f'const ingress = connect({{ url: "{self._site.ingress_url}" }});',
            *self._requests(),
        ]
        if self._site.is_run:
            lines.append(f"const response = await {self._call('ingress.client')};")
            return self._whole(lines)
        self._imports["@restatedev/restate-sdk-clients"].add("rpc")
        once = f'rpc.opts({{ idempotencyKey: "{IDEMPOTENCY_KEY}" }})'
        lines += [
            f"const response = await {self._call('ingress.client', once)};",
            f"await {self._call('ingress.sendClient')}; // one way",
        ]
        return self._whole(lines)

    def _requests(self) -> list[str]:
        return [] if self._takes_nothing else [f"const request = {self._request()};"]

    def _call(self, client: str, *options: str) -> str:
        arguments = ", ".join(options if self._takes_nothing else ("request", *options))
        return f"{client}({self._callee}).{self._site.handler.name}({arguments})"

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

    def _schema(self, message: MessageType) -> str:
        """Import the schema of a message, and return its name."""
        name = f"{'_'.join(message.names)}Schema"
        if message.file.startswith("google/protobuf/"):
            module = f"{_MESSAGES}/wkt"
        else:
            module = f"./generated/{message.file.removesuffix('.proto')}_pb.js"
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
