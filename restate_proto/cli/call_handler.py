"""Carry out `restate-proto call`, once the command line has been read."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

from restate_proto.cli.admin import check_url
from restate_proto.cli.human_readable import read_duration, show_time
from restate_proto.cli.output import MISUSED, fail
from restate_proto.cli.payload_text import show_error
from restate_proto.cli.request_fields import request_json
from restate_proto.cli.request_json import read_argument, read_message
from restate_proto.codec.raw import RawCodec
from restate_proto.contract.paths import printable
from restate_proto.errors import TerminalError
from restate_proto.ingress.client import IngressClient
from restate_proto.ingress.errors import IngressError
from restate_proto.ingress.handler_call import call_of
from restate_proto.model.key_format import FixedKey
from restate_proto.model.kinds import ServiceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.cli.request_fields import RequestField
    from restate_proto.ingress.handler_call import HandlerCall
    from restate_proto.model.codec import Codec
    from restate_proto.model.payload_codec import PayloadCodec
    from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

__all__ = ["Call", "call_handler"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The options of the command, except those for fields; `call.py` has their help."""

    key: str | None
    json: str | None
    send: bool
    delay: str | None
    idempotency_key: str | None
    header: list[str] | None
    ingress_url: str
    auth_token: str | None
    payload_codec: PayloadCodec | Sequence[PayloadCodec] | None


def call_handler(
    service: ServiceDescriptor,
    handler: HandlerDescriptor[Any, Any],
    fields: Sequence[tuple[RequestField, Any]],
    call: Call,
) -> None:
    """Call a handler, and print the result.

    Args:
        service: the service.
        handler: the handler.
        fields: the given fields, with the values that typer has parsed.
        call: the other options.

    Raises:
        typer.BadParameter: an option is wrong.
        typer.Exit: the call failed.
    """
    check_url(call.ingress_url, "--ingress-url or RESTATE_INGRESS_URL", "http://127.0.0.1:8080")
    if call.delay is not None and not call.send:
        fail(
            "--delay only works with --send: a call that waits for its result starts at once",
            code=MISUSED,
        )
    request = _request(handler.request, fields, call.json)
    handler_call = _handler_call(service, handler, request, call)
    try:
        if call.send:
            asyncio.run(_send(handler_call, call))
        else:
            _print_answer(handler.response, asyncio.run(_call(handler_call, call)))
    except TerminalError as error:
        fail(show_error(error))
    except IngressError as error:
        fail(printable(str(error)))


def _request(
    codec: Codec[Any], fields: Sequence[tuple[RequestField, Any]], text: str | None
) -> Any:
    if isinstance(codec, RawCodec):
        if text is None:
            fail("the request is bytes: write --json @FILE, or - for stdin", code=MISUSED)
        return _read_bytes(text)
    if codec.is_empty:
        if text is not None:
            fail("the handler takes no request: leave out --json", code=MISUSED)
        return None
    base: Any = {}
    if text is not None:
        try:
            base = json.loads(read_argument(text))
        except ValueError as error:
            raise typer.BadParameter(f"not JSON: {error}", param_hint="--json") from None
    given = [
        (field, [value] if field.is_flag else [field.read(each) for each in _as_list(value)])
        for field, value in fields
    ]
    given = [(field, values) for field, values in given if values]
    if given and not isinstance(base, dict):
        raise typer.BadParameter(
            "it is not an object, so options cannot set its fields", param_hint="--json"
        )
    if text is None and not given and not codec.json_is_object:
        fail("write the request with --value or --json", code=MISUSED)
    return read_message(codec, json.dumps(request_json(base, given)))


def _as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _read_bytes(text: str) -> bytes:
    if text == "-":
        return sys.stdin.buffer.read()
    if not text.startswith("@"):
        return text.encode()
    try:
        return Path(text[1:]).read_bytes()
    except OSError as error:
        raise typer.BadParameter(
            f"cannot read {text[1:]}: {error.strerror}", param_hint="--json"
        ) from None


def _handler_call(
    service: ServiceDescriptor, handler: HandlerDescriptor[Any, Any], request: Any, call: Call
) -> HandlerCall[Any, Any]:
    options: Any = {}
    if call.idempotency_key is not None:
        options["idempotency_key"] = call.idempotency_key
    if call.header:
        options["headers"] = dict(_header(each) for each in call.header)
    if call.delay is not None:
        try:
            options["delay"] = read_duration(call.delay)
        except typer.BadParameter as error:
            raise typer.BadParameter(error.message, param_hint="--delay") from None
    try:
        made = call_of(handler, _key(service, handler, call.key), None, request, options)
        made.send_request() if call.send else made.call_request()
    except ValueError as error:
        fail(str(error), code=MISUSED)
    return made


def _key(
    service: ServiceDescriptor, handler: HandlerDescriptor[Any, Any], key: str | None
) -> str | None:
    if service.kind is ServiceKind.SERVICE:
        if key is not None:
            fail(
                f"{service.name} is a plain service without keys; leave out {key!r}",
                code=MISUSED,
            )
        return None
    if key is None:
        if isinstance(service.key, FixedKey):
            return service.key.value
        if handler.key_field is None:
            name = f"{service.name}/{handler.name}"
            fail(f"{name} needs a key; write it: `restate-proto call {name} KEY`", code=MISUSED)
        return None
    if service.key is not None:
        service.key.check(key)
    return key


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise typer.BadParameter(f"{text!r} is not NAME:VALUE", param_hint="--header")
    return name.strip(), value.strip()


def _client(call: Call) -> IngressClient:
    headers = {"authorization": f"Bearer {call.auth_token}"} if call.auth_token else None
    return IngressClient(call.ingress_url, headers=headers, payload_codec=call.payload_codec)


async def _call(handler_call: HandlerCall[Any, Any], call: Call) -> Any:
    async with _client(call) as client:
        with Console(stderr=True).status(f"waiting for {printable(str(handler_call.target))}"):
            return await client.call_handler(handler_call)


async def _send(handler_call: HandlerCall[Any, Any], call: Call) -> None:
    async with _client(call) as client:
        handle = await client.send_message(handler_call)
        typer.echo(await handle.invocation_id())
        if handle.accepted is False:
            typer.echo("an earlier call had the same key: this is its invocation", err=True)
        elif handle.execution_time is not None:
            typer.echo(f"it runs at {show_time(handle.execution_time)}", err=True)


def _print_answer(codec: Codec[Any], answer: Any) -> None:
    if isinstance(codec, RawCodec):
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
        return
    if not codec.is_empty:
        typer.echo(json.dumps(json.loads(codec.to_json(answer)), indent=2, ensure_ascii=False))
