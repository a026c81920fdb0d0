"""Write calls with the generated Java clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.jvm.messages import JvmClass
from restate_proto.generate.jvm.printer import quote
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

__all__ = ["java_call"]


def java_call(jvm: JvmSite, method: str, *, is_private: bool) -> Call:
    """Write calls from a handler and, unless the called one is private, from outside.

    Args:
        jvm: the handler to call.
        method: the name of the generated methods.
        is_private: whether only handlers may call it.
    """
    content: list[Paragraph | Snippet] = [
        *titled(IN_A_HANDLER, "java", _Writer(jvm, method).in_a_handler()),
    ]
    if not is_private:
        content += titled(FROM_OUTSIDE, "java", _Writer(jvm, method).from_outside())
    return Call("Java", tuple(content))


class _Writer:
    """Writes one snippet."""

    def __init__(self, jvm: JvmSite, method: str) -> None:
        self._jvm = jvm
        self._site = jvm.site
        self._method = method
        self._names = JvmNames()
        self._client = self._names.use(jvm.client)
        self._key = jvm.key(self._names.use, quote)

    def in_a_handler(self) -> list[str]:
        lines = [
            *self._request(),
            f"var client = {self._client}.fromContext(ctx{self._key});",
            self._result(f"client.{self._method}({self._arguments()}).await()"),
        ]
        if not self._site.is_run:
            delay = f"{self._names.use(JvmClass.of('java.time.Duration'))}.ofMinutes(5)"
            send = f"client.send({delay}).{self._method}({self._arguments()})"
            lines.append(f"{send}; // one way, in five minutes")
        return self._with_imports(lines)

    def from_outside(self) -> list[str]:
        lines = [
            *self._request(),
            f'var client = {self._client}.connect("{self._site.ingress_url}"{self._key});',
        ]
        if self._site.is_run:
            lines += [
                f"client.submit({self._arguments()});",
                self._result("client.workflowHandle().attach().response()"),
            ]
            return self._with_imports(lines)
        once = self._arguments(f'options -> options.idempotencyKey("{IDEMPOTENCY_KEY}")')
        lines += [
            self._result(f"client.{self._method}({once})"),
            f"client.send().{self._method}({self._arguments()}); // one way",
        ]
        return self._with_imports(lines)

    def _result(self, expression: str) -> str:
        is_empty = self._site.handler.response.is_empty
        return f"{expression};" if is_empty else f"var response = {expression};"

    def _request(self) -> list[str]:
        request = self._site.handler.request
        if request.is_empty:
            return []
        if self._site.raw_type:
            return [f"var request = new byte[] {{}}; // {self._site.raw_type}"]
        class_ = self._names.use(self._jvm.message(request))
        return [f"var request = {self._jvm.builder(class_)};"]

    def _arguments(self, *more: str) -> str:
        request = [] if self._site.handler.request.is_empty else ["request"]
        return ", ".join([*request, *more])

    def _with_imports(self, lines: list[str]) -> list[str]:
        imports = [f"import {name};" for name in self._names]
        return [*imports, "", *lines] if imports else lines
