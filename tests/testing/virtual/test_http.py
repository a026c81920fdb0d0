"""The ingress and the admin API of both servers, side by side: they answer alike."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest

from conformance.v1.conformance_pb2 import FailRequest, Parcel, Script
from conformance.v1.conformance_restate import ClerkClient, JourneyClient
from restate_proto import Endpoint, IngressClient, TerminalError
from restate_proto.testing import RestateServer, restate_environment
from restate_proto.testing.virtual import VirtualRestate
from tests.integration.scripted_services import Account, Clerk, Journey, LazyAccount, Scripts
from tests.testing.virtual.http_requests import GROUPS, Asked
from tests.testing.virtual.odd_requests import ODD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from restate_proto.ingress.sender import Transport

pytestmark = pytest.mark.server

_SWITCHES: Final = ("VQUEUES", "SCOPED_VIRTUAL_OBJECTS")
_HEADERS: Final = ("content-type", "x-restate-id", "x-restate-error-source", "idempotency-expires")
_IDS: Final = re.compile(r"inv_1[0-9A-Za-z]{33}\b")
_TIMES: Final = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)")
_PARSER: Final = re.compile(
    r"(ISO8601 duration|cannot read body|cannot decode key): .*(?=\", \"source)"
)
"""What the server's parsers say of what they cannot read."""


class Side:
    """One of the two servers.

    Args:
        ports: what sends requests to the ingress, and to the admin API.
    """

    def __init__(self, ports: dict[str, Transport]) -> None:
        self._ports = ports
        self._names: dict[str, str] = {}

    async def prepare(self, client: IngressClient, scripts: Scripts) -> None:
        """Begin the invocations that the requests are about."""
        told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        async def wait(ctx: Any, _: Parcel) -> None:
            awakeable = ctx.awakeable(Parcel)
            if not told.done():
                told.set_result(awakeable.id)
            await awakeable

        own = uuid4().hex
        names = self._names = {name: f"{name}-{own}" for name in ("key", "ran", "once")}
        clerk = ClerkClient.from_client(client).send()
        done = await clerk.echo(Parcel(text="x"), idempotency_key=names["once"])
        unnamed = await clerk.echo(Parcel(text="x"))
        failed = await clerk.fail(FailRequest(message="no", code=418))
        ran = await JourneyClient.from_client(client, names["ran"]).submit(Script())
        scripts.put("headers", _tell_headers)
        waits = await clerk.perform(Script(name=scripts.add(wait)))
        later = await clerk.echo(Parcel(text="x"), delay=timedelta(days=9))
        for handle in (done, unnamed, failed, ran):
            with suppress(TerminalError):
                await handle.attach()
        names["awakeable"] = await asyncio.wait_for(told, 60)
        handles = {
            "done": done,
            "unnamed": unnamed,
            "failed": failed,
            "waits": waits,
            "later": later,
        }
        names |= {name: await handle.invocation_id() for name, handle in handles.items()}

    async def answer(self, port: str, asked: Asked) -> str:
        """Return the answer to a request, without the parts that differ between any two servers."""
        headers = [(name.encode(), self._filled(value).encode()) for name, value in asked.fields]
        try:
            answer = await self._ports[port].request(
                asked.method,
                self._filled(asked.path),
                headers,
                self._filled(asked.body.decode("latin1")).encode("latin1"),
                timeout=20,
            )
        except Exception as error:  # noqa: BLE001 - neither server may fail so; told with the rest
            return repr(error)
        shown = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
        return self._without_own(f"{answer.status} {shown} {_body(answer.body)}")

    def _filled(self, text: str) -> str:
        for name, value in self._names.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    def _without_own(self, text: str) -> str:
        for name, value in self._names.items():
            text = text.replace(value, f"{{{name}}}")
        return _PARSER.sub(r"\1", _TIMES.sub("<time>", _IDS.sub("<id>", text)))


def _body(body: bytes) -> object:
    try:
        read: Any = json.loads(body)
    except ValueError:
        return body
    match read:
        case {"services": [*services]}:
            return sorted(services)
        case _:
            return json.dumps(read, sort_keys=True)


async def _tell_headers(ctx: Any, _: Parcel) -> Parcel:
    shown = sorted((name, value) for name, value in ctx.headers.items())
    return Parcel(text=repr(shown))


@pytest.fixture(scope="module")
def sides() -> Iterator[tuple[asyncio.Runner, Side, Side]]:
    """A real server and a virtual one, and the event loop of both."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            yield runner, *runner.run(_open(stack))
        finally:
            runner.run(stack.aclose())


async def _open(stack: AsyncExitStack) -> tuple[Side, Side]:
    scripts = Scripts()
    services = (Clerk(scripts), Account(scripts), LazyAccount(scripts), Journey(scripts))
    endpoint = Endpoint(*services)
    env = {f"RESTATE_EXPERIMENTAL_ENABLE_{switch}": "true" for switch in _SWITCHES}
    server = await stack.enter_async_context(RestateServer(protocol_v7=True, env=env))
    await stack.enter_async_context(
        restate_environment(endpoint, server=server, retries=True, debug=False)
    )
    client = await stack.enter_async_context(
        IngressClient(server.ingress_url, admin_url=server.admin_url)
    )
    connect: Any = client._connect  # pyright: ignore[reportPrivateUsage]
    real = Side({"ingress": connect(server.ingress_url), "admin": connect(server.admin_url)})
    await real.prepare(client, scripts)
    virtual_server = await stack.enter_async_context(VirtualRestate(endpoint))
    connect = virtual_server.client._connect  # pyright: ignore[reportPrivateUsage]
    virtual = Side(
        {"ingress": connect("http://ingress.virtual"), "admin": connect("http://admin.virtual")}
    )
    await virtual.prepare(virtual_server.client, scripts)
    return real, virtual


@pytest.mark.parametrize(
    ("port", "group"), [(port, group) for port, groups in GROUPS.items() for group in groups]
)
def test_both_answer_alike(sides: tuple[asyncio.Runner, Side, Side], port: str, group: str) -> None:
    _compare(sides, port, GROUPS[port][group])


@pytest.mark.parametrize("group", ODD)
def test_both_answer_odd_requests_alike(
    sides: tuple[asyncio.Runner, Side, Side], group: str
) -> None:
    _compare(sides, "ingress", ODD[group])


def _compare(
    sides: tuple[asyncio.Runner, Side, Side], port: str, requests: Sequence[Asked]
) -> None:
    runner, real, virtual = sides
    differences: list[str] = []
    for asked in requests:
        mine, its = (runner.run(side.answer(port, asked)) for side in (real, virtual))
        if mine != its:
            differences.append(f"{asked}\n  real:    {mine}\n  virtual: {its}")
    assert not differences, f"{len(differences)}:\n" + "\n".join(differences)


@pytest.mark.parametrize(
    "path", ["/restate/call/conformance.v1.Clerk/Perform", "/conformance.v1.Clerk/Perform"]
)
def test_handlers_get_the_same_headers(sides: tuple[asyncio.Runner, Side, Side], path: str) -> None:
    runner, real, virtual = sides
    headers = {
        "content-type": "application/json", "idempotency-key": "{key}", "x-team": "red", "accept": "*/*",
        "idempotency-expires": "5", "x-restate-limit-key": "", "authorization": "Bearer x",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "x-restate-id": "x",
    }  # fmt: skip
    again = (("x-team", "blue"), ("cookie", "a"), ("cookie", "b"), ("x-restate-id", "y"))
    asked = Asked("POST", f"{path}?a=b", headers, b'{"name":"headers"}', again)
    mine, its = (runner.run(side.answer("ingress", asked)) for side in (real, virtual))
    assert "red" in mine
    assert mine == its
