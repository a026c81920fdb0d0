"""Write calls with the generated Kotlin clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.jvm.names import method_name
from restate_proto.generate.kotlin.names import escaped
from restate_proto.generate.kotlin.source import quote
from restate_proto.reference.calls.call_site import (
    FROM_OUTSIDE,
    IDEMPOTENCY_KEY,
    IN_A_HANDLER,
    titled,
)
from restate_proto.reference.calls.jvm import JvmNames
from restate_proto.reference.document import Call

if TYPE_CHECKING:
    from restate_proto.reference.calls.jvm import JvmSite
    from restate_proto.reference.document import Paragraph, Snippet

__all__ = ["kotlin_call"]


def kotlin_call(jvm: JvmSite, *, is_private: bool) -> Call:
    """Write calls from a handler and, unless the called one is private, from outside."""
    content: list[Paragraph | Snippet] = [
        *titled(IN_A_HANDLER, "kotlin", _Writer(jvm).in_a_handler()),
    ]
    if not is_private:
        content += titled(FROM_OUTSIDE, "kotlin", _Writer(jvm).from_outside())
    return Call("Kotlin", tuple(content))


class _Writer:
    """Writes one snippet."""

    def __init__(self, jvm: JvmSite) -> None:
        self._jvm = jvm
        self._site = jvm.site
        self._names = JvmNames()
        self._functions: list[str] = []
        self._client = escaped(self._names.use(jvm.client))
        self._method = escaped(method_name(self._site.service, self._site.handler))
        self._key = jvm.key(lambda class_: escaped(self._names.use(class_)), quote)

    def in_a_handler(self) -> list[str]:
        lines = [
            *self._request(),
            f"val client = {self._client}.fromContext(ctx{self._key})",
            self._result(f"client.{self._method}({self._arguments()}).await()"),
        ]
        if not self._site.is_run:
            self._functions.append("kotlin.time.Duration.Companion.minutes")
            send = f"client.send(delay = 5.minutes).{self._method}({self._arguments()})"
            lines.append(f"{send} // one way, in five minutes")
        return self._with_imports(lines)

    def from_outside(self) -> list[str]:
        lines = [
            *self._request(),
            f'val client = {self._client}.connect("{self._site.ingress_url}"{self._key})',
        ]
        if self._site.is_run:
            self._functions.append("dev.restate.client.kotlin.attachSuspend")
            lines += [
                f"client.submit({self._arguments()})",
                self._result("client.workflowHandle().attachSuspend().response()"),
            ]
            return self._with_imports(lines)
        arguments = "" if self._site.handler.request.is_empty else "(request)"
        call = f"client.{self._method}{arguments}"
        lines += [
            self._result(f'{call} {{ idempotencyKey = "{IDEMPOTENCY_KEY}" }}'),
            f"client.send().{self._method}({self._arguments()}) // one way",
        ]
        return self._with_imports(lines)

    def _result(self, expression: str) -> str:
        is_empty = self._site.handler.response.is_empty
        return expression if is_empty else f"val response = {expression}"

    def _request(self) -> list[str]:
        request = self._site.handler.request
        if request.is_empty:
            return []
        if self._site.raw_type:
            return [f"val request = byteArrayOf() // {self._site.raw_type}"]
        class_ = escaped(self._names.use(self._jvm.message(request)))
        return [f"val request = {self._jvm.builder(class_)}"]

    def _arguments(self) -> str:
        return "" if self._site.handler.request.is_empty else "request"

    def _with_imports(self, lines: list[str]) -> list[str]:
        names = sorted([*map(escaped, self._names), *self._functions])
        return [*(f"import {name}" for name in names), "", *lines] if names else lines
