"""Calls with curl, through Restate's ingress."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING
from urllib.parse import quote

from restate_proto.reference.calls.call_site import IDEMPOTENCY_KEY, titled
from restate_proto.reference.document import Call, Code, Paragraph, Snippet, Text

if TYPE_CHECKING:
    from restate_proto.reference.calls.call_site import CallSite

__all__ = ["curl_call"]

# Characters of JSON that fit on a line, and lines that fit in a command.
_SHORT_LINE = 60
_FEW_LINES = 12


def curl_call(site: CallSite, *, is_private: bool) -> Call:
    """Calls a handler, sends to it, and calls it once however often that is repeated."""
    if is_private:
        return Call("curl", (Paragraph((Text("Only other handlers can call it."),)),))
    url, body = _url(site), _body(site)
    content: list[Paragraph | Snippet] = []
    if body == [_FROM_FILE]:
        content.append(Paragraph((Text("With the request in a file:"), Text(" "), Code(_FILE))))
    # With JSON in the request, it is JSON without being asked for.
    accept = ["-H 'accept: application/json'"] if site.handler.request.is_empty else []
    content += _command("Call, and wait for the response:", url, accept, body)
    content += _command("Send, to run in five minutes:", f"{url}/send?delay=5m", [], body)
    if site.is_run:
        attach = f"{site.ingress_url}/restate/workflow/{_path(site)}/attach"
        accept = ["-H 'accept: application/json'"]
        content += _command("Wait for the response of one that was sent:", attach, accept, [])
    else:
        once = [f"-H 'idempotency-key: {IDEMPOTENCY_KEY}'", *accept]
        content += _command("Call once, however often this is repeated:", url, once, body)
    return Call("curl", tuple(content))


_FILE = "request.json"
_FROM_FILE = f"--json @{_FILE}"


def _url(site: CallSite) -> str:
    return f"{site.ingress_url}/{_path(site)}/{quote(site.handler.name, safe='')}"


def _path(site: CallSite) -> str:
    parts = [site.service.name] if site.key is None else [site.service.name, site.key]
    return "/".join(quote(part, safe="") for part in parts)


def _command(
    title: str, url: str, headers: list[str], body: list[str]
) -> tuple[Paragraph, Snippet]:
    parts = [f"curl {shlex.quote(url)}", *headers, *body]
    return titled(title, "sh", " \\\n  ".join(parts).split("\n"))


def _body(site: CallSite) -> list[str]:
    if site.handler.request.is_empty:
        return ["-X POST"]
    text = json.dumps(site.body, ensure_ascii=False)
    if len(text) > _SHORT_LINE:
        text = json.dumps(site.body, ensure_ascii=False, indent=2)
    return [_FROM_FILE] if text.count("\n") > _FEW_LINES else [f"--json {shlex.quote(text)}"]
