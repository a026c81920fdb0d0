"""Errors of the contract: raised in handlers, caught by callers in handlers and outside.

On service protocol v5, failures have no metadata, and all of them arrive as plain errors.
"""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import Context, DetailedError, TerminalError, gather, select
from tests.integration.conformance_messages import (
    ClerkClient,
    FailRequest,
    JourneyClient,
    Parcel,
    Refused,
    RefusedError,
    Script,
)
from tests.integration.scripted_services import Place, calls, sends, unique
from tests.integration.test_plain_http import post

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.integration.world import World

each_kind = pytest.mark.parametrize(
    "place", [Place.SERVICE, Place.OBJECT, Place.WORKFLOW], ids=lambda place: place.value
)

KEY = "restatepb.detail/conformance.v1.Refused"
DETAIL = Refused(by="größe", left=2**40, reasons={"b": "2", "a": "1"})


async def refuse(ctx: Context, parcel: Parcel) -> Parcel:
    raise RefusedError(DETAIL, "no", metadata={"by": "me"}, retry_after=timedelta(seconds=2.5))


def check(world: World, error: BaseException | None) -> None:
    """Check that the error is the one that `refuse` raised, as far as the protocol carries it."""
    assert isinstance(error, TerminalError)
    assert (error.code, error.message) == (422, "no")
    if world.version < 6:
        assert type(error) is TerminalError
        assert (error.metadata, error.retry_after) == ({}, None)
    else:
        assert isinstance(error, RefusedError)
        assert error.detail == DETAIL
        assert error.metadata["by"] == "me"
        assert error.retry_after == timedelta(seconds=2.5)


async def failure(work: Callable[[], Awaitable[object]]) -> TerminalError:
    with pytest.raises(TerminalError) as raised:
        await work()
    return raised.value


@each_kind
def test_an_error_goes_through_all_callers(world: World, place: Place) -> None:
    async def let_through(ctx: Context, parcel: Parcel) -> Parcel:
        return await calls(ctx, place, inner, key=parcel.text)

    async def raise_again(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            return await calls(ctx, place, middle, key=parcel.text)
        except TerminalError as error:
            check(world, error)
            raise

    async def scenario() -> TerminalError:
        return await failure(lambda: world.perform(place, raise_again, Parcel(text=unique())))

    inner = world.script(refuse, Parcel(text=unique()))
    middle = world.script(let_through, Parcel(text=unique()))
    check(world, world.run(scenario()))


def test_an_error_is_caught_wherever_a_result_is_awaited(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        script = Script(name="refuse")
        call = calls(ctx, Place.SERVICE, script)
        handle = sends(ctx, Place.SERVICE, script)
        known = ctx.invocation(await handle.invocation_id(), Parcel)
        for result in (
            lambda: call,
            lambda: call,  # as often as it is awaited
            lambda: gather(ctx.sleep(timedelta(0)), call),
            lambda: select(call=call),
            call.handle.attach,
            handle.attach,
            handle.output,
            known.attach,
            known.output,
        ):
            check(world, await failure(result))
        return Parcel(number=1)

    world.scripts.put("refuse", refuse)
    assert world.run(world.perform(Place.SERVICE, body)).number == 1


def test_an_error_that_a_run_has_recorded(world: World) -> None:
    executed = 0

    async def refused() -> int:
        nonlocal executed
        executed += 1
        raise RefusedError(DETAIL, "no", metadata={"by": "me"}, retry_after=timedelta(seconds=2.5))

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        check(world, await failure(lambda: ctx.run("refused", refused)))
        await ctx.sleep(timedelta(0))
        return Parcel(number=executed)

    assert world.run(world.perform(Place.SERVICE, body)).number == 1


def test_callers_from_outside(world: World) -> None:
    async def scenario() -> None:
        clerk = ClerkClient.from_client(world.client)
        script = world.script(refuse)
        check(world, await failure(lambda: clerk.perform(script)))
        handle = await clerk.send().perform(script)
        by_id = world.client.invocation(await handle.invocation_id(), Parcel)
        for result in (handle.attach, handle.output, handle.require_output, by_id.attach):
            check(world, await failure(result))
        key = unique()
        run = await JourneyClient.from_client(world.client, key).submit(script)
        handle = JourneyClient.from_client(world.client, key).handle()
        for result in (run.attach, handle.attach, handle.output):
            check(world, await failure(result))

    world.run(scenario())


def test_what_http_clients_get(world: World) -> None:
    script = {"name": world.script(refuse).name}
    service = "/conformance.v1.Clerk/Perform"
    answer = post(world, service, json.dumps(script).encode(), "application/json")
    assert answer.status == 422
    body = json.loads(answer.body)
    assert (body["code"], body["message"], body["source"]) == (422, "no", "invocation")
    if world.version < 6:
        assert not body.get("metadata")
        return
    assert body["metadata"] == {
        "by": "me",
        # Binary, whatever the encoding is; the entries of the map are sorted.
        KEY: "CgdncsO2w59lEICAgICAIBoGCgFhEgExGgYKAWISATI=",
        "restatepb.detail/google.rpc.RetryInfo": "CggIAhCAyrXuAQ==",
    }


@pytest.mark.parametrize(
    "metadata",
    [{KEY: "no base64"}, {KEY: "/////w=="}, {"restatepb.detail/t.v1.Unknown": ""}],
    ids=["no base64", "wrong bytes", "unknown type"],
)
def test_a_detail_that_cannot_be_read(world: World, metadata: dict[str, str]) -> None:
    request = FailRequest(message="no", code=422, metadata=metadata)

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        error = await failure(lambda: ClerkClient.from_context(ctx).fail(request))
        assert not isinstance(error, DetailedError)
        raise error

    async def scenario() -> TerminalError:
        return await failure(lambda: world.perform(Place.SERVICE, body))

    error = world.run(scenario())
    assert not isinstance(error, DetailedError)
    assert (error.code, error.message) == (422, "no")
    assert error.metadata == (metadata if world.version >= 6 else {})


def test_restate_shows_which_errors_there_are(world: World) -> None:
    def described() -> dict[str, dict[str, str]]:
        errors: dict[str, dict[str, str]] = {}
        for service in world.server.admin.services():
            metadata: dict[str, str] = service.get("metadata") or {}
            named = {
                name: metadata[name] for name in metadata if name.startswith("restatepb.error/")
            }
            errors[service["name"]] = named
        return errors

    found = world.run(asyncio.to_thread(described))
    assert found["conformance.v1.Clerk"] == {"restatepb.error/conformance.v1.Refused": "422"}
    assert found["conformance.v1.Journey"] == {}
