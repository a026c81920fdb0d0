"""An endpoint in a process that tests kill: `python -m tests.integration.durable_app HOST:PORT [patched]`.

Its side effects are lines on its standard output, which outlive it. Outside of Restate, it waits
for lines on its standard input.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto import Endpoint
from tests.integration.asyncio_programs import play
from tests.integration.conformance_messages import AccountClient, Entry, Parcel
from tests.integration.scripted_services import Account, Clerk, Journey, LazyAccount, Scripts

if TYPE_CHECKING:
    from restate_proto import Context

__all__ = ["endpoint"]

HAS_PATCH = sys.argv[2:] == ["patched"]


def say(text: str) -> str:
    """Record a side effect."""
    print(text, flush=True)  # noqa: T201 - what the tests read
    return text


def say_and_wait(text: str) -> str:
    """Record a side effect that lasts until the test ends it."""
    say(text)
    return sys.stdin.readline().strip()


async def steps(ctx: Context, parcel: Parcel) -> Parcel:
    """Make three effects, of which the second takes long, and then wait for an awakeable."""
    first = await ctx.run("first", say, f"first of {parcel.text}")
    awakeable = ctx.awakeable(Parcel)
    account = AccountClient.from_context(ctx, parcel.text)
    await account.append(Entry(text=awakeable.id))
    second = await ctx.run("second", say_and_wait, f"second of {parcel.text}")
    await account.append(Entry(text="the second one is recorded"))
    word = await awakeable
    third = await ctx.run("third", say, f"third of {parcel.text}")
    return Parcel(parts=[Parcel(text=text) for text in (first, second, word.text, third)])


async def change(ctx: Context, parcel: Parcel) -> Parcel:
    """Make an effect, another that a patch has changed and that takes long, and wait."""
    await ctx.run("first", say, "first")
    code = "new" if HAS_PATCH and ctx.patched("patch") else "old"
    text = await ctx.run(code, say_and_wait, code)
    awakeable = ctx.awakeable(Parcel)
    await AccountClient.from_context(ctx, parcel.text).append(Entry(text=awakeable.id))
    word = await awakeable
    if HAS_PATCH and ctx.patched("patch"):
        code += " and new"
    return Parcel(text=f"{text}, {word.text}, {code}")


async def slow(ctx: Context, parcel: Parcel) -> Parcel:
    """Make one effect that takes long."""
    return Parcel(text=await ctx.run("slow", say_and_wait, f"slow {parcel.text}"))


def _endpoint() -> Endpoint:
    scripts = Scripts()
    for body in (steps, slow, change, play):
        scripts.put(body.__name__, body)
    return Endpoint(Clerk(scripts), Account(scripts), LazyAccount(scripts), Journey(scripts))


endpoint = _endpoint()

if __name__ == "__main__":
    # What runs ends when a test says so, however long a busy machine takes for it.
    endpoint.serve(sys.argv[1], grace=timedelta(hours=1))
