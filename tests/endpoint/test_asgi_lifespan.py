"""The life of an ASGI application: with its server, without one, and inside another application."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette

from restate_proto import LifespanError
from restate_proto.protocol.frames import FrameDecoder
from restate_proto.protocol.messages import MessageType
from tests.endpoint.asgi_case import ADD, GREET, Counter, Greeter, Request, add, asgi, ask
from tests.endpoint.test_routes import V6, greeting_of, invocation

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Life:
    """A lifespan as a server runs it."""

    def __init__(self, app: Any) -> None:
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self.task = asyncio.get_running_loop().create_task(
            app(scope, self._to_app.get, self._from_app.put)
        )

    async def tell(self, stage: str) -> dict[str, Any]:
        await self._to_app.put({"type": f"lifespan.{stage}"})
        return await self._from_app.get()


class Pool:
    """What a lifespan sets up; so many times before that, it fails."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.open = 0
        self.opened = 0

    @asynccontextmanager
    async def lifespan(self) -> AsyncGenerator[None]:
        if self.failures:
            self.failures -= 1
            raise OSError("no database")
        self.open += 1
        self.opened += 1
        try:
            async with asyncio.timeout(None):  # such a thing has to be left where it was entered
                yield
        finally:
            self.open -= 1


def test_it_lives_as_long_as_its_server() -> None:
    async def test() -> None:
        pool = Pool()
        app = asgi(lifespan=pool.lifespan)
        life = Life(app)
        assert await life.tell("startup") == {"type": "lifespan.startup.complete"}
        assert pool.open == 1
        assert greeting_of(await ask(app, "POST", GREET, [V6], invocation())) == "Hello Ada"
        assert await life.tell("shutdown") == {"type": "lifespan.shutdown.complete"}
        await life.task
        assert (pool.open, pool.opened) == (0, 1)

    asyncio.run(test())


def test_a_start_that_fails_is_told() -> None:
    async def test() -> None:
        life = Life(asgi(lifespan=Pool(failures=1).lifespan))
        message = "LifespanError: cannot set up the endpoint's lifespan: OSError: no database"
        assert await life.tell("startup") == {"type": "lifespan.startup.failed", "message": message}
        with pytest.raises(LifespanError):
            await life.task

    asyncio.run(test())


def test_an_end_that_fails_is_told() -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncGenerator[None]:
        yield
        raise OSError("no database")

    async def test() -> None:
        life = Life(asgi(lifespan=lifespan))
        await life.tell("startup")
        message = "OSError: no database"
        assert await life.tell("shutdown") == {
            "type": "lifespan.shutdown.failed",
            "message": message,
        }
        with pytest.raises(OSError, match="no database"):
            await life.task

    asyncio.run(test())


def test_without_a_lifespan_of_its_server_the_first_request_sets_it_up() -> None:
    pool = Pool()
    app = asgi(lifespan=pool.lifespan)

    async def test() -> None:
        asking = (ask(app, "POST", GREET, [V6], invocation()) for _ in range(3))
        for response in await asyncio.gather(*asking):
            assert greeting_of(response) == "Hello Ada"
        assert pool.open == 1

    for number in (1, 2):  # once in each event loop, and for as long as that runs
        asyncio.run(test())
        assert (pool.open, pool.opened) == (0, number)


def test_what_cannot_be_set_up_is_tried_again_with_the_next_request() -> None:
    async def test() -> None:
        app = asgi(lifespan=Pool(failures=2).lifespan)
        for _ in range(2):
            with pytest.raises(LifespanError, match="no database"):
                await ask(app, "GET", "/discover")
        assert (await ask(app, "GET", "/discover")).status == 200

    asyncio.run(test())


def test_who_waits_when_the_process_is_told_to_stop_is_suspended() -> None:
    """And who comes to wait after that; what need not wait is answered."""

    async def test() -> None:
        counter = Counter()
        app = asgi(counter, Greeter())
        told: list[int] = []
        before = signal.signal(signal.SIGTERM, lambda number, _: told.append(number))
        life = Life(app)
        try:
            await life.tell("startup")
            requests = [Request(app, "POST", ADD, [V6]) for _ in range(2)]
            serving = [requests[0].start()]
            requests[0].body(add(0), more=True)
            await counter.waits.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await requests[0].until(lambda: bool(requests[0].output))
            serving.append(requests[1].start())
            requests[1].body(add(0), more=True)
            for request, task in zip(requests, serving, strict=True):
                await request.until(lambda request=request: bool(request.output))
                assert FrameDecoder().feed(request.output)[-1][0] == MessageType.SUSPENSION
                request.body(b"")
                await task
            assert greeting_of(await ask(app, "POST", GREET, [V6], invocation())) == "Hello Ada"
            assert told == [signal.SIGTERM]
            await life.tell("shutdown")
        finally:
            signal.signal(signal.SIGTERM, before)

    asyncio.run(test())


@pytest.mark.parametrize("framework", [Starlette, FastAPI])
@pytest.mark.parametrize("passes_lifespan_on", [False, True])
def test_mounted_in_another_application(
    framework: type[Starlette], passes_lifespan_on: bool
) -> None:
    """Which asks it for nothing at its start and end, unless it is told to."""

    async def test() -> None:
        pool = Pool()
        restate = asgi(lifespan=pool.lifespan)
        app = framework(lifespan=restate.lifespan if passes_lifespan_on else None)
        app.mount("/restate", restate)
        life = Life(app)
        await life.tell("startup")
        assert pool.open == int(passes_lifespan_on)
        response = await ask(app, "POST", "/restate" + GREET, [V6], invocation())
        assert greeting_of(response) == "Hello Ada"
        assert (await ask(app, "GET", "/restate/discover")).status == 200
        assert pool.opened == 1
        await life.tell("shutdown")
        assert pool.open == int(not passes_lifespan_on)

    asyncio.run(test())
