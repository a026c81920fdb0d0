"""Write calls with curl, through Restate's ingress."""

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

# How many characters of JSON fit on a line, and how many lines fit in a command.
_SHORT_LINE = 60
_FEW_LINES = 8


def curl_call(site: CallSite, *, is_private: bool) -> Call:
    """Write a call, a send, and an idempotent call or, for a workflow, an attach."""
    if is_private:
        return Call("curl", (Paragraph((Text("Only other handlers can call it."),)),))
    url, body = _url(site), [*_body(site), *_output(site)]
    content: list[Paragraph | Snippet] = []
    file = _RAW_FILE if site.raw_type else _FILE
    if any(part.endswith(f"@{file}") for part in body):
        content.append(Paragraph((Text("With the request in a file:"), Text(" "), Code(file))))
    # The response to a JSON request is JSON already; other requests have to ask for it.
    is_message = site.handler.raw_response is None
    asks = is_message and (site.handler.request.is_empty or site.raw_type)
    accept = ["-H 'accept: application/json'"] if asks else []
    content += _command("Call, and wait for the response:", url, accept, body)
    content += _command("Send, to run in five minutes:", f"{url}/send?delay=5m", [], _body(site))
    if site.is_run:
        attach = f"{site.ingress_url}/restate/workflow/{_path(site)}/attach"
        accept = ["-H 'accept: application/json'"] if is_message else []
        title = "Wait for the response of one that was sent:"
        content += _command(title, attach, accept, _output(site))
    else:
        once = [f"-H 'idempotency-key: {IDEMPOTENCY_KEY}'", *accept]
        content += _command("Call once, however often this is repeated:", url, once, body)
    return Call("curl", tuple(content))


_FILE = "request.json"
_RAW_FILE = "request"
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


def _output(site: CallSite) -> list[str]:
    """Return the option that writes a raw response to a file, to keep bytes off the terminal."""
    return [] if site.handler.raw_response is None else ["--output response"]


def _body(site: CallSite) -> list[str]:
    if site.handler.request.is_empty:
        return ["-X POST"]
    if site.raw_type:
        return [f"-H 'content-type: {site.raw_type}'", f"--data-binary @{_RAW_FILE}"]
    text = json.dumps(site.body, ensure_ascii=False)
    if len(text) > _SHORT_LINE:
        text = json.dumps(site.body, ensure_ascii=False, indent=2)
    return [_FROM_FILE] if text.count("\n") > _FEW_LINES else [f"--json {shlex.quote(text)}"]
