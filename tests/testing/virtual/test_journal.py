"""The printed journal of an invocation."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, Parcel
from conformance.v1.conformance_restate import AccountClient
from restate_proto import TerminalError
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from restate_proto import Context


def test_a_tree() -> None:
    async def body(ctx: Context, parcel: Parcel) -> None:
        await ctx.run("greet", lambda: "hello")
        await AccountClient.from_context(ctx, "b").append(Entry(text="x"))
        await ctx.sleep(timedelta(hours=1), "a nap")
        raise TerminalError("enough", code=418)

    async def scenario(stage: Stage) -> None:
        handle = await stage.clerk.send().perform(stage.script(body))
        with pytest.raises(TerminalError):
            await handle.attach()
        text = re.sub(r"inv_1\w+", "inv_1", str(stage.env.journal(handle)))
        assert text.splitlines() == [
            "conformance.v1.Clerk/Perform  inv_1  completed",
            "   0  the handler's input: 39 bytes",
            "   1  run greet",
            '   2    run greet: "hello"',
            "   3  call conformance.v1.Account/b/Append",
            "   4    call conformance.v1.Account/b/Append is inv_1",
            "      conformance.v1.Account/b/Append  inv_1  completed",
            "         0  the handler's input: 3 bytes",
            "         1  get state entries",
            "         2  set state entries",
            "         3  the handler's return: 3 bytes",
            "   5    call conformance.v1.Account/b/Append: 3 bytes",
            "   6  sleep a nap",
            "   7    sleep a nap: done",
            "   8  the handler's return: [418] enough",
        ]

    play(scenario)


def test_an_invocation_that_is_not_there() -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(KeyError, match="there is no such invocation"):
            stage.env.journal("inv_1nobody")
        with pytest.raises(KeyError, match=r"workflow conformance\.v1\.Journey/j"):
            stage.env.journal(stage.journey().handle())

    play(scenario)
