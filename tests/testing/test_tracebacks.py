from __future__ import annotations

import asyncio
import traceback
from typing import cast

import pytest

from restate_proto.testing.tracebacks import hide_internals


def functions(error: BaseException) -> list[str]:
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


async def cause() -> None:
    raise KeyError("x")


async def group() -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(cause())
    except ExceptionGroup as error:
        raise ValueError("y") from error


def test_own_frames_stay_in_the_whole_chain() -> None:
    with pytest.raises(ValueError, match="y") as raised:
        asyncio.run(group())
    hide_internals(raised.value)
    assert functions(raised.value) == ["test_own_frames_stay_in_the_whole_chain", "group"]
    caused = raised.value.__cause__
    assert caused is not None
    assert functions(caused) == ["group"]
    (member,) = cast("ExceptionGroup[KeyError]", caused).exceptions
    assert functions(member) == ["cause"]


def test_a_cycle_ends() -> None:
    one, other = KeyError("one"), KeyError("other")
    one.__context__, other.__context__ = other, one
    hide_internals(one)
