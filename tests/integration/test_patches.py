"""The life of a patch on a real server, with the queries that its page shows."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto import Context
from tests.examples.markdown_code import blocks
from tests.integration.conformance_messages import Parcel
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from restate_proto import IngressInvocationHandle
    from tests.integration.world import World

PAGE = Path(__file__).parents[2] / "docs" / "patches.md"
NAME = "2026-12-vat"


class Code:
    """A handler's code through the life of a patch; the next release comes with `release`.

    Attributes:
        executed: what was executed, of each invocation by the `text` of its request.
        to_interrupt: the invocations that begin another attempt when they have done something.
    """

    def __init__(self) -> None:
        self.executed: dict[str, list[str]] = {}
        self._release = "old"
        self.to_interrupt: set[str] = set()

    def release(self, name: str, *, interrupts: str = "") -> None:
        """Release code; the invocations named begin another attempt when they have done something."""
        self._release = name
        self.to_interrupt = set(interrupts.split())

    async def body(self, ctx: Context, parcel: Parcel) -> Parcel:
        name = parcel.text
        steps: list[str] = []

        async def do(step: str) -> None:
            await ctx.run(step, self.executed.setdefault(name, []).append, step)
            steps.append(step)

        await do("before")
        if name in self.to_interrupt and parcel.number == 1:
            await self._interrupt(name)
        match self._release:
            case "old":
                await do("old")
            case "both":
                await do("new" if ctx.patched(NAME) else "old")
            case "new":
                ctx.deprecate_patch(NAME)
                await do("new")
            case _:
                await do("new")
        if name in self.to_interrupt:
            await self._interrupt(name)
        await ctx.sleep(timedelta(0))
        if self._release == "both":
            await do("twice" if ctx.patched(NAME) else "once")
        return Parcel(text=" ".join(steps))

    async def _interrupt(self, name: str) -> None:
        raise OSError(f"{name} is interrupted")


def sql(world: World, number: int) -> str:
    """Return one of the page's queries."""
    queries = [block.text for block in blocks(PAGE) if block.language == "sql"]
    text = queries[number]
    assert NAME in text
    return (
        text.replace("'shop.v1.Checkout'", "'conformance.v1.Clerk'")
        .replace("'Pay'", "'Perform'")
        .replace("2026-12-01T", "2100-12-01T")
    )


def test_the_life_of_a_patch(world: World) -> None:
    assert world.server  # for its SQL
    world.replays = False  # the code of the end is not that of the beginning
    code = Code()

    async def begin(name: str, number: int = 0) -> IngressInvocationHandle[Parcel]:
        return await world.begin(Place.SERVICE, code.body, Parcel(text=name, number=number))

    async def until_it_fails(handle: IngressInvocationHandle[Parcel], text: str) -> str:
        id_ = await handle.invocation_id()
        while text not in (failure := str((await world.invocation_row(id_)).get("last_failure"))):
            pass
        return failure

    async def listed(number: int) -> set[str]:
        return {row["id"] for row in await world.query(sql(world, number))}

    async def scenario() -> None:
        # One has come past the place with the old code, and one has not come to it.
        code.release("old", interrupts="past before")
        past, before = await begin("past"), await begin("before", 1)
        await until_it_fails(past, "past is interrupted")
        await until_it_fails(before, "before is interrupted")

        code.release("both", interrupts="fresh")
        fresh = await begin("fresh")
        assert (await past.attach()).text == "before old once"
        assert (await before.attach()).text == "before new twice"
        await until_it_fails(fresh, "fresh is interrupted")
        ids = [await each.invocation_id() for each in (past, before, fresh)]
        assert not await listed(0) & set(ids)
        assert await listed(1) & set(ids) == {ids[2]}

        # Without a word about the patch, its journal does not fit.
        code.release("new, without deprecate_patch")
        text = await until_it_fails(fresh, "570")
        assert "'patch: 2026-12-vat' in the journal" in text
        assert "ctx.deprecate_patch('2026-12-vat')" in text
        code.release("new")
        assert (await fresh.attach()).text == "before new"
        later = await begin("later")
        assert (await later.attach()).text == "before new"
        assert not await listed(1) & {*ids, await later.invocation_id()}

    world.run(scenario())
    world.take_failures()
    assert code.executed == {
        "past": ["before", "old", "once"],
        "before": ["before", "new", "twice"],
        "fresh": ["before", "new"],
        "later": ["before", "new"],
    }


def test_an_invocation_without_the_marker_is_listed(world: World) -> None:
    assert world.server  # for its SQL
    code = Code()

    async def scenario() -> None:
        code.release("old", interrupts="past")
        handle = await world.begin(Place.SERVICE, code.body, Parcel(text="past"))
        id_ = await handle.invocation_id()
        while "past is interrupted" not in str(await world.invocation_row(id_)):
            pass
        assert id_ in {row["id"] for row in await world.query(sql(world, 0))}
        assert id_ not in {row["id"] for row in await world.query(sql(world, 1))}
        code.release("both")
        assert (await handle.attach()).text == "before old once"

    world.run(scenario())
    world.take_failures()


def test_tasks_ask_as_the_handler_does(world: World) -> None:
    """The order of commands depends on the journal alone, and so does which task asks first."""
    code = Code()
    has_patch = False

    async def step(ctx: Context, name: str) -> str:
        await ctx.sleep(timedelta(0), name)
        is_new = has_patch and ctx.patched(NAME)
        return await ctx.run(f"{name} {'new' if is_new else 'old'}", lambda: f"{name} {is_new}")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        steps = [step(ctx, name) for name in ("a", "b")]
        texts = await asyncio.gather(*steps)
        if parcel.text in code.to_interrupt:
            raise OSError(f"{parcel.text} is interrupted")
        texts.append(str(has_patch and ctx.patched(NAME)))
        return Parcel(text=" ".join(texts))

    async def scenario() -> list[str]:
        nonlocal has_patch
        code.release("old", interrupts="old")
        handle = await world.begin(Place.SERVICE, body, Parcel(text="old"))
        id_ = await handle.invocation_id()
        while "old is interrupted" not in str(await world.invocation_row(id_)):
            pass
        has_patch = True
        code.release("both")
        fresh = await world.perform(Place.SERVICE, body, Parcel(text="new"))
        return [(await handle.attach()).text, fresh.text]

    assert world.run(scenario()) == ["a False b False False", "a True b True True"]
    world.take_failures()
