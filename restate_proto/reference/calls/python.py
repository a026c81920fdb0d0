"""Write calls with the generated Python clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.python.names import is_plain_name, module_name
from restate_proto.reference.calls.call_site import (
    FROM_OUTSIDE,
    IDEMPOTENCY_KEY,
    IN_A_HANDLER,
    titled,
)
from restate_proto.reference.document import Call

if TYPE_CHECKING:
    from restate_proto.reference.calls.call_site import CallSite
    from restate_proto.reference.document import Paragraph, Snippet

__all__ = ["python_call"]


def python_call(site: CallSite, client: str, method: str, *, is_private: bool) -> Call:
    """Write calls from a handler and, unless the called one is private, from outside.

    Args:
        site: the handler to call.
        client: the generated client of its service.
        method: the client's method for it.
        is_private: whether only handlers may call it.
    """
    content: list[Paragraph | Snippet] = [
        *titled(IN_A_HANDLER, "python", _in_a_handler(site, client, method)),
    ]
    if not is_private:
        content += titled(FROM_OUTSIDE, "python", _from_outside(site, client, method))
    return Call("Python", tuple(content))


def _in_a_handler(site: CallSite, client: str, method: str) -> list[str]:
    lines = [
        *([] if site.is_run else ["from datetime import timedelta", ""]),
        *_imports(site, client),
        "",
        *_request(site),
        f"client = {client}.from_context({_arguments('ctx', site)})",
        f"{_response(site)}await client.{method}({_arguments('', site)})",
    ]
    if not site.is_run:
        delay = _arguments("", site, "delay=timedelta(minutes=5)")
        lines.append(f"client.send().{method}({delay})  # one way, in five minutes")
    return lines


def _from_outside(site: CallSite, client: str, method: str) -> list[str]:
    lines = [
        *_imports(site, client),
        "from restate_proto import IngressClient",
        "",
        *_request(site),
        f'async with IngressClient("{site.ingress_url}") as ingress:',
        f"    client = {client}.from_client({_arguments('ingress', site)})",
    ]
    if site.is_run:
        lines += [
            f"    run = await client.submit({_arguments('', site)})",
            f"    {_response(site)}await run.attach()",
        ]
        return lines
    more: list[str] = []
    if site.handler.raw_request and site.raw_type != site.handler.raw_request:
        more = [f'headers={{"content-type": "{site.raw_type}"}}']
    once = _arguments("", site, f'idempotency_key="{IDEMPOTENCY_KEY}"', *more)
    return [
        *lines,
        f"    {_response(site)}await client.{method}({once})",
        f"    handle = await client.send().{method}({_arguments('', site, *more)})  # one way",
    ]


def _response(site: CallSite) -> str:
    return "" if site.handler.response.is_empty else "response = "


def _imports(site: CallSite, client: str) -> list[str]:
    wanted = {(module_name(site.handler.location.file, "_restate"), client)}
    if not site.handler.request.is_empty and not site.raw_type:
        message = site.handler.request
        wanted.add((module_name(message.file, "_pb2"), message.names[0]))
    if isinstance(site.service.key, TypedKey):
        message = site.service.key.type
        wanted.add((module_name(message.file, "_pb2"), message.names[0]))
    return [_import(module, name) for module, name in sorted(wanted)]


def _import(module: str, name: str) -> str:
    if all(map(is_plain_name, module.split("."))):
        return f"from {module} import {name}"
    return f'{name} = __import__("importlib").import_module("{module}").{name}'


def _request(site: CallSite) -> list[str]:
    if site.handler.request.is_empty:
        return []
    if site.raw_type:
        return [f'request = b"..."  # {site.raw_type}']
    fields = [
        f"{field.name}={_literal(field.value)}"
        for field in site.simple_fields()
        if is_plain_name(field.name) and field.name != "self"
    ]
    return [f"request = {'.'.join(site.handler.request.names)}({', '.join(fields)})"]


def _literal(value: bool | float | str) -> str:
    return repr(value) if isinstance(value, bool) else json.dumps(value)


def _key(site: CallSite) -> list[str]:
    """Return the argument for the key: a string, or the message that the key is made from."""
    match site.service.key:
        case FixedKey():
            return []
        case TypedKey(message):
            fields = [
                f"{name}={_literal(value)}"
                for name, value in site.key_values().items()
                if value and is_plain_name(name) and name != "self"
            ]
            return [f"{'.'.join(message.names)}({', '.join(fields)})"]
        case None:
            return [] if site.key is None else [json.dumps(site.key)]


def _arguments(first: str, site: CallSite, *more: str) -> str:
    """Return the arguments of a client's constructor, which begin with `first`, or of a call."""
    if first:
        return ", ".join([first, *_key(site)])
    request = [] if site.handler.request.is_empty else ["request"]
    return ", ".join([*request, *more])
