"""Failures with a code that is not an HTTP error's, as handlers in other languages may have."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from restate_proto import Context, InvalidResponseError, TerminalError
from restate_proto.model.error_types import received_error
from restate_proto.protocol import errors
from tests.integration.conformance_messages import Parcel
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from tests.integration.world import World


@pytest.mark.parametrize("code", [5, 101, 103, 204, 304, 600, 999])
def test_no_code_harms_the_calls_beside_it(
    world: World, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """The ingress answers with the code as its status, which is malformed for 101."""
    monkeypatch.setattr(errors, "wire_code", int)  # as others write it

    async def waits(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        ids.put_nowait(awakeable.id)
        return await awakeable

    async def odd(ctx: Context, parcel: Parcel) -> Parcel:
        raise received_error("odd", code, {})

    async def scenario() -> BaseException:
        beside = asyncio.create_task(world.perform(Place.SERVICE, waits))
        id_ = await ids.get()
        with pytest.raises((TerminalError, InvalidResponseError)) as raised:
            await world.perform(Place.SERVICE, odd)
        value = Parcel(number=1)
        await world.client.resolve_awakeable(id_, value, encoding=world.encoding)
        assert await beside == value
        return raised.value

    ids: asyncio.Queue[str] = asyncio.Queue()
    error = world.run(scenario())
    if isinstance(error, TerminalError):
        assert error.code == code


def test_a_code_that_is_none_is_a_bug_of_the_handler(world: World) -> None:
    attempts = 0

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        nonlocal attempts
        attempts += 1
        raise TerminalError("switching protocols", code=101 if attempts == 1 else 409)

    async def scenario() -> None:
        with pytest.raises(TerminalError) as raised:
            await world.perform(Place.SERVICE, body)
        assert raised.value.code == 409

    world.run(scenario())
    (failure,) = world.take_failures()
    assert "ValueError: TerminalError(code=101): must be" in failure
