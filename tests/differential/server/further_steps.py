"""Steps of programs that do not need the program: the contract's own handlers and raw ones, invocations
that are not there, asyncio, and workflows that wait for each other's promises."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from conformance.v1.conformance_pb2 import Entry, FailRequest, Parcel, Refused
from conformance.v1.conformance_restate import (
    AccountClient,
    ClerkBase,
    ClerkClient,
    JourneyBase,
    JourneyClient,
    RefusedError,
)
from conformance.v1.files_pb2 import FileDescription
from conformance.v1.files_restate import FilesClient, ReportClient
from restate_proto import Target, TerminalError
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

__all__ = ["FurtherSteps"]

_BYTES: Final = (b"", b"{", b"[1, 2", b"null", b"\x0a\x01a", b"\xff\x00", bytes(range(0, 256, 51)))
"""Bytes that begin as JSON does, as a message does, and as neither."""

_NOBODY: Final = "inv_1" + "0" * 33


class FurtherSteps:
    """Those of one program, in one attempt.

    Args:
        ctx: the context of its handler.
        draw: what it draws from.
        name: what makes its keys unlike those of all others.
        version: the service protocol version.
    """

    def __init__(self, ctx: Any, draw: Random, name: str, version: int) -> None:
        self._ctx = ctx
        self._draw = draw
        self._name = name
        self._version = version
        self._number = 0

    def steps(self, place: Place, *, calls: bool) -> list[Callable[[], Awaitable[object]]]:
        """The steps that there are for a kind of handler.

        Args:
            place: the kind.
            calls: whether it may call others.
        """
        steps: list[Callable[[], Awaitable[object]]] = [
            self.chance, self.patch, self.runs_at_once, self.nap, self.in_time, self.too_late, self.nobody, self.no_invocation,
        ]  # fmt: skip
        if calls:
            steps += [
                self.nothing,
                self.fail,
                self.whisper,
                self.appends,
                self.group,
                self.queue,
                self.submit_twice,
                self.bytes_there_and_back,
                self.bytes_of_a_type,
                self.bytes_of_a_workflow,
            ]
        if place is Place.WORKFLOW:
            steps += [self.decided]
        return steps

    def error(self, text: str) -> TerminalError:
        """An error to end with: of the contract, with metadata, or plain."""
        kind = self._draw.randrange(3)
        if kind == 0:
            return RefusedError(Refused(by=self._name, left=self._draw.randrange(9)), text)
        metadata = {"why": "so", "": "ü"} if kind == 1 and self._version >= 6 else {}
        return TerminalError(text, code=self._draw.choice((409, 418, 500)), metadata=metadata)

    def _key(self) -> str:
        self._number += 1
        return f"{self._name}.further.{self._number}"

    async def chance(self) -> str:
        """Random numbers are the same in each attempt; here and there they are not."""
        return type(self._ctx.random.random()).__name__

    async def patch(self) -> bool:
        return self._ctx.patched(f"patch {self._draw.randrange(3)}")

    # ---- asyncio ----

    async def runs_at_once(self) -> list[str]:
        async def work() -> str:
            return "worked"

        return list(await asyncio.gather(*(self._ctx.run(f"work {n}", work) for n in range(3))))

    async def nap(self) -> None:
        await asyncio.sleep(0.002)

    async def in_time(self) -> str:
        async with asyncio.timeout(3600):
            return await self._ctx.run("in time", lambda: "worked")

    async def too_late(self) -> str:
        try:
            await asyncio.wait_for(self._ctx.awakeable(Parcel), 0.002)
        except TimeoutError:
            return "late"
        return "early"

    async def group(self) -> str:
        """Two tasks, each with a call and a run."""
        clerk = ClerkClient.from_context(self._ctx)

        async def one(number: int) -> str:
            text = (await clerk.whisper(Parcel(text=str(number)))).text
            return await self._ctx.run(f"task {number}", lambda: text)

        async with asyncio.TaskGroup() as tasks:
            first = tasks.create_task(one(1))
            # The other one begins when this one has ended: what runs at once has no order.
            text = await first
            second = tasks.create_task(one(2))
        return f"{text} {second.result()}"

    async def queue(self) -> str:
        """One task feeds another."""
        queue: asyncio.Queue[str] = asyncio.Queue()

        async def feed() -> None:
            for _ in range(2):
                parcel = await ClerkClient.from_context(self._ctx).whisper(Parcel(text="q"))
                await queue.put(parcel.text)

        feeding = asyncio.create_task(feed())
        texts = [await queue.get() for _ in range(2)]
        await feeding
        return " ".join(texts)

    # ---- The contract's own handlers ----

    async def nothing(self) -> object:
        return await ClerkClient.from_context(self._ctx).nothing()

    async def fail(self) -> str:
        """An error that it catches, with all that it brings."""
        metadata = {} if self._version < 6 else {"a": "1", "b": ""}
        asked = FailRequest(
            message="no", code=self._draw.choice((400, 409, 599)), metadata=metadata
        )
        try:
            await ClerkClient.from_context(self._ctx).fail(asked)
        except TerminalError as error:
            return f"{error.code} {error.message} {dict(error.metadata)}"
        return "nothing"

    async def whisper(self) -> str:
        """A private handler is there for other handlers."""
        parcel = Parcel(text=f"{self._draw.randrange(9)}")
        return (await ClerkClient.from_context(self._ctx).whisper(parcel)).text

    async def appends(self) -> str:
        """An object that takes its turns, and a shared handler of it."""
        account = AccountClient.from_context(self._ctx, self._key())
        calls = [account.append(Entry(text=str(number))) for number in range(3)]
        texts = [" ".join((await each).texts) for each in calls]
        return " | ".join([*texts, " ".join((await account.entries()).texts)])

    # ---- Raw handlers ----

    async def bytes_there_and_back(self) -> str:
        """Called, sent, and passed on by a raw handler."""
        files = FilesClient.from_context(self._ctx)
        copy = await files.copy(self._draw.choice(_BYTES))
        sent = await files.send().copy(copy).attach()
        found = await files.process(sent)
        return f"{sent!r} {found.size} {await files.make(FileDescription(size=3))!r}"

    async def bytes_of_a_type(self) -> str:
        files = FilesClient.from_context(self._ctx)
        data = self._draw.choice(_BYTES)
        headers = self._draw.choice(({}, {"content-type": "text/plain"}))
        found = await files.scan(data, headers=headers)
        image = await files.convert(data, headers={"content-type": "image/gif"})
        return f"{found.content_type} {found.size} {image!r}"

    async def bytes_of_a_workflow(self) -> str:
        """Its result is asked for once more when it has ended."""
        report = ReportClient.from_context(self._ctx, self._key())
        result = await report.run(self._draw.choice(_BYTES))
        return f"{result!r} {await report.handle().output()!r}"

    # ---- Workflows ----

    async def decided(self) -> str:
        """It waits for a promise that its own shared handler resolves."""
        own = JourneyClient.from_context(self._ctx, self._ctx.key, scope=self._ctx.scope)
        if self._draw.random() < 0.5:
            own.send().decide(Parcel(text="by itself"))
        else:
            own.send().refuse(Parcel(text="not by itself", number=417))
        return (await self._ctx.promise(JourneyBase.DECISION)).text

    async def submit_twice(self) -> str:
        """A workflow that is to begin in an hour is cancelled, and another one has its id."""
        key = self._key()
        client = JourneyClient.from_context(self._ctx, key)
        first = client.send().decide(Parcel(text="before it begins"))
        await first.attach()
        second = client.send().refuse(Parcel(text="too late", number=418))
        try:
            await second.attach()
        except TerminalError as error:
            return f"{error.code} {error.message}"
        return "taken"

    # ---- What is not there ----

    async def nobody(self) -> str:
        """What is sent to an invocation that is not there is lost."""
        nobody = self._ctx.invocation(_NOBODY, Parcel)
        match self._draw.randrange(4):
            case 0:
                nobody.cancel()
            case 1:
                nobody.signal(ClerkBase.GO, Parcel())
            case 2:
                return await _said(nobody.attach())
            case _:
                return await _said(nobody.output())
        return "lost"

    async def no_invocation(self) -> str:
        """Names that nothing has."""
        key = self._key()
        target = Target.service("conformance.v1.Clerk", "Perform")
        ref = (
            self._ctx.workflow("conformance.v1.Journey", key, Parcel)
            if self._draw.random() < 0.5
            else self._ctx.idempotent_invocation(target, key, Parcel)
        )
        return await _said(ref.attach() if self._draw.random() < 0.5 else ref.output())


async def _said(future: Awaitable[Parcel | None]) -> str:
    try:
        return str(await future)
    except TerminalError as error:
        return f"{error.code} {error.message}"
