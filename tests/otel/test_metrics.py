"""What is counted and measured for attempts, runs and clients' calls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.api_pb2 import Mixin

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import IngressClient, Target, TerminalError
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.ingress.fake_ingress import FakeIngress, Reply, error
from tests.otel.spans import Measured
from tests.runtime.case import Case, in_loop, value

if TYPE_CHECKING:
    from restate_proto import Context

OTHER = Target.service("runtime.v1.Other", "Handle")
HANDLER = {"rpc.system.name": "restate", "rpc.method": "runtime.v1.Service/Handle"}


async def work(ctx: Context, parcel: Parcel) -> Parcel:
    if parcel.text == "fail":
        raise ValueError("a bug")
    if parcel.text == "refuse":
        raise TerminalError("sold out", code=409)
    if parcel.text == "wait":
        await ctx.call(OTHER, Parcel(), Parcel)
    if parcel.text == "run":
        await ctx.run("pay", pay)
    return parcel


async def pay() -> None: ...


@in_loop
async def test_attempts_by_outcome() -> None:
    measured = Measured()

    def start(text: str) -> Case:
        return Case(work, interceptors=[measured.metrics]).start(payload=Parcel(text=text))

    start("")
    start("")
    start("fail")
    start("refuse")
    start("wait").close_input()
    start("wait").attempt.aborted("gone")
    Case(work, interceptors=[measured.metrics]).start(
        pb.RunCommandMessage(name="pay", result_completion_id=1)
    )
    counted = {
        attributes["restate.attempt.outcome"]: (
            point.count,
            attributes.get("rpc.response.status_code"),
            attributes.get("error.type"),
        )
        for attributes, point in measured.points("rpc.server.call.duration")
    }
    assert counted == {
        "completed": (2, None, None),
        "error": (1, "500", "ValueError"),
        "failed": (1, "409", "restate_proto.errors.TerminalError"),
        "suspended": (1, None, None),
        "aborted": (1, None, None),
        "mismatch": (1, "570", "570"),
    }


@in_loop
async def test_open_invocations() -> None:
    measured = Measured()
    cases = [
        Case(work, interceptors=[measured.metrics]).start(payload=Parcel(text="wait"))
        for _ in range(2)
    ]
    Case(work, interceptors=[measured.metrics]).start(payload=b"\xff")  # whose handler does not run
    assert [(a, p.value) for a, p in measured.points("restate.invocations.open")] == [(HANDLER, 2)]
    for case in cases:
        case.close_input()
    assert measured.point("restate.invocations.open").value == 0


@in_loop
async def test_what_is_replayed_and_sent() -> None:
    measured = Measured()
    case = Case(work, interceptors=[measured.metrics])
    command = pb.RunCommandMessage(name="pay", result_completion_id=1)
    case.start(command, value(1, b"null"), payload=Parcel(text="run")).answer()
    replayed = measured.point("restate.attempt.replayed_entries")
    assert (replayed.count, replayed.sum) == (1, 2)
    received = measured.point("restate.attempt.io", network_io_direction="receive")
    assert received.value == case.fed
    sent = measured.point("restate.attempt.io", network_io_direction="transmit")
    assert sent.value > 0


@pytest.mark.parametrize("run_names", [False, True])
@in_loop
async def test_runs(*, run_names: bool) -> None:
    measured = Measured(run_names=run_names)
    command = pb.RunCommandMessage(name="pay", result_completion_id=1)
    for entries, retries in (((), 0), ((command,), 2)):
        case = Case(work, interceptors=[measured.metrics])
        case.start(
            *entries, payload=Parcel(text="run"), retry_count_since_last_stored_entry=retries
        )
    name: dict[str, Any] = {"restate.run.name": "pay"} if run_names else {}
    ((attributes, duration),) = measured.points("restate.run.duration")
    assert (attributes, duration.count) == (HANDLER | name, 2)
    ((attributes, retried),) = measured.points("restate.run.retries")
    assert (attributes, retried.value) == (HANDLER | name, 1)


@in_loop
async def test_a_run_that_fails() -> None:
    measured = Measured()

    async def fails() -> None:
        raise OSError("unreachable")

    async def handle(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("pay", fails)
        return parcel

    Case(handle, interceptors=[measured.metrics]).start().error()
    ((attributes, duration),) = measured.points("restate.run.duration")
    assert (attributes, duration.count) == (HANDLER | {"error.type": "OSError"}, 1)


def test_calls_of_a_client() -> None:
    measured = Measured()
    answer = Reply(200, b"", {"content-type": "application/proto"})

    async def scenario() -> None:
        fake = FakeIngress(answer, error(409, "sold out", "invocation"))
        async with (
            fake.serve() as url,
            IngressClient(url, interceptors=[measured.metrics]) as client,
        ):
            await client.call(OTHER, Mixin(name="n"), Mixin)
            with pytest.raises(TerminalError):
                await client.call(OTHER, Mixin(name="n"), Mixin)

    asyncio.run(scenario())
    counted = {
        a.get("rpc.response.status_code"): a for a, _ in measured.points("rpc.client.call.duration")
    }
    assert counted.keys() == {None, "409"}
    assert counted["409"]["rpc.method"] == "runtime.v1.Other/Handle"
