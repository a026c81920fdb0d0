"""The calls in Python and with curl that the pages show, run against a real server."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from textwrap import indent
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID, uuid4

import pytest

from conformance.v1 import conformance_restate, files_restate, queue_restate
from restate_proto import Endpoint, Service
from restate_proto.codec.registry import codec_for
from restate_proto.ingress.client import IngressClient
from restate_proto.model.kinds import ServiceKind
from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor
from restate_proto.model.target import Target
from shop.v1 import cart_restate, checkout_restate, signup_restate, ticket_restate
from tests.reference.calls import example_contract, pages_of, shown_calls, stub

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from restate_proto import Context
    from tests.reference.calls import ShownCall

pytestmark = pytest.mark.restate(real=True)

MODULES: tuple[Any, ...] = (
    *(cart_restate, checkout_restate, signup_restate, ticket_restate),
    *(conformance_restate, files_restate, queue_restate),
)
BASES: list[Any] = [
    getattr(module, name) for module in MODULES for name in module.__all__ if name.endswith("Base")
]
SERVICES: set[str] = {base.__restate_service__.name for base in BASES}
RUNNER = "docs.Runner"


class Runner(Service):
    """Runs a snippet in a handler of its own."""

    __restate_service__: ClassVar[ServiceDescriptor] = ServiceDescriptor(
        name=RUNNER,
        kind=ServiceKind.SERVICE,
        handlers=(
            HandlerDescriptor(
                service=RUNNER,
                name="Run",
                method="run",
                service_kind=ServiceKind.SERVICE,
                kind=None,
                request=codec_for(str),
                response=codec_for(str),
            ),
        ),
    )

    async def run(self, ctx: Context, request: str) -> str:
        return repr(await compiled(request)(ctx))


def compiled(code: str) -> Callable[..., Any]:
    """Return a coroutine function that has a snippet as its body, and returns the response."""
    lines = indent(f"response = None\n{code}\nreturn response", "    ")
    names: dict[str, Any] = {}
    exec(f"async def snippet(ctx=None):\n{lines}", names)
    return names["snippet"]


def calls_of(url: str, language: str) -> list[ShownCall]:
    """Return the snippets of the services that are served."""
    return [
        call
        for call in shown_calls(pages_of(example_contract(), url))
        if call.language == language and call.handler.rpartition(".")[0] in SERVICES
    ]


def with_id(code: str, id_: UUID) -> str:
    """Replace the workflow id of a snippet by its own, since each id runs once."""
    day = id_.int % 2**32
    code = code.replace("my-workflow", id_.hex)
    return code.replace("DayKey(day=1)", f"DayKey(day={day})").replace("day%201", f"day%20{day}")


def test_the_calls_in_python(restate_environment: Any) -> None:
    async def scenario() -> None:
        endpoint = Endpoint(*map(stub, BASES), Runner())
        async with restate_environment(endpoint) as env:
            calls = calls_of(env.server.ingress_url, "Python")
            assert {call.handler.rpartition(".")[0] for call in calls} == SERVICES
            assert any(call.handler == "shop.v1.Cart.ExpireTicket" for call in calls)
            for call in calls:
                await run(env.client, call)

    asyncio.run(scenario())


async def run(client: IngressClient, call: ShownCall) -> None:
    code = with_id(call.code, uuid4())
    try:
        if call.is_in_a_handler:
            await client.call(Target.service(RUNNER, "Run"), code, str)
        else:
            await compiled(code)()
    except Exception as error:
        error.add_note(f"in the call {call}:\n{code}")
        raise


def test_the_calls_with_curl(restate_environment: Any, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None or b"--json" not in subprocess.check_output([curl, "--help", "all"]):
        pytest.skip("there is no curl here that knows --json")

    async def scenario() -> None:
        async with restate_environment(Endpoint(*map(stub, BASES))) as env:
            calls = calls_of(env.server.ingress_url, "curl")
            kinds = {call.title for call in calls}
            assert len(kinds) == 4, kinds
            ids: dict[str, UUID] = {}
            for call in calls:
                # What was called with an id is what can be attached to.
                id_ = ids.setdefault(call.handler, uuid4())
                if call.title.startswith("Send"):
                    id_ = uuid4()
                (tmp_path / "request.json").write_text(call.request)
                code = with_id(call.code, id_).replace(
                    "curl ", "curl --noproxy '*' --fail-with-body --silent --show-error ", 1
                )
                done = await asyncio.to_thread(
                    subprocess.run,
                    ["bash", "-c", code],
                    cwd=tmp_path,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, (call, done.stdout, done.stderr)
                if call.title.startswith("Send"):
                    assert '"status":"Accepted"' in done.stdout
                elif "accept" in code or "--json" in code:
                    assert done.stdout in ("", "{}")

    asyncio.run(scenario())
