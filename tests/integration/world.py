"""One combination of the matrix: an endpoint of it, on a real server, and a client."""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from restate_proto import Encoding, Endpoint, IngressClient, InvocationNotFoundError
from restate_proto.ingress.introspection import read_raw_journals
from restate_proto.testing import restate_environment
from restate_proto.testing.journals.replayer import replay_journals
from restate_proto.testing.journals.report import ReplayReport
from restate_proto.testing.virtual import VirtualRestate
from tests.integration.conformance_messages import (
    AccountBase,
    AccountClient,
    ClerkBase,
    ClerkClient,
    JourneyBase,
    JourneyClient,
    LazyAccountBase,
    LazyAccountClient,
    Parcel,
    Script,
)
from tests.integration.scripted_services import (
    Account,
    Body,
    Clerk,
    Journey,
    LazyAccount,
    Place,
    Scripts,
    unique,
)

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator, Iterator

    from restate_proto import IngressInvocationHandle
    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.ingress.rows import Row
    from restate_proto.testing import RestateServer

__all__ = ["Combination", "Loop", "World", "encoding_of_contract"]

T = TypeVar("T")


@dataclass(frozen=True)
class Combination:
    """What an endpoint, its contract and its server can be in these tests.

    Args:
        version: the service protocol version.
        encoding: the contract's encoding.
        engine: the HTTP/2 engine of the endpoint and of the client.
        suspends: whether the server suspends at every wait.
        bidirectional: whether the endpoint may be told more while a handler runs.
    """

    version: int
    encoding: Encoding
    engine: str
    suspends: bool = False
    bidirectional: bool = True

    def __str__(self) -> str:
        parts = [f"v{self.version}", self.encoding.value.lower(), self.engine]
        if self.suspends:
            parts.append("suspending")
        if not self.bidirectional:
            parts.append("request-response")
        return "-".join(parts)

    @property
    def replays(self) -> bool:
        """Whether a handler runs again from the start after each wait."""
        return self.suspends or not self.bidirectional


class Loop:
    """The event loop of endpoints and tests. Endpoints live on between tests, and sleep then.

    Attributes:
        problems: what the loop was told about exceptions that nobody took.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._runner = asyncio.Runner()
        self._runner.get_loop().set_exception_handler(self._note)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine; nothing is left of it when pytest-timeout ends one that hangs."""
        loop = self._runner.get_loop()
        task = loop.create_task(coroutine)
        try:
            return loop.run_until_complete(task)
        except BaseException:
            if task.cancel():
                loop.run_until_complete(asyncio.wait({task}))
            raise

    def close(self) -> None:
        """End the loop."""
        self._runner.close()

    def _note(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.problems.append(f"{context.get('message')}: {context.get('exception')!r}")


class _Failures(logging.Handler):
    """Keeps what the runtime says about attempts that failed."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if (
            record.name == "restate_proto"
        ):  # and not of its debugger, which warns of these tests' ways
            self.texts.append(record.getMessage())


@contextmanager
def encoding_of_contract(encoding: Encoding) -> Generator[None]:
    """Meanwhile an encoding is that of the whole contract, as its `encoding` option would have it.

    One contract is enough for both: the generated code differs in this attribute alone, and its
    descriptors are frozen only for users.
    """
    _set_encoding(encoding)
    try:
        yield
    finally:
        _set_encoding(Encoding.PROTOBUF)


def _set_encoding(encoding: Encoding) -> None:
    for base in (ClerkBase, AccountBase, LazyAccountBase, JourneyBase):
        service = base.__restate_service__
        object.__setattr__(service, "encoding", encoding)
        for handler in service.handlers:
            object.__setattr__(handler, "encoding", encoding)


class World:
    """An endpoint of a combination, registered, and what tests do with it.

    Attributes:
        combination: what it is.
        virtual: the virtual server, where there is no real one.
        client: a client of its ingress and of its admin API.
        scripts: the functions that scripted handlers play.
        replays: whether the handlers are run once more after the test, on what the server has
            recorded of it; a test sets it to False whose handlers do something else in the end.
    """

    client: IngressClient

    def __init__(self, combination: Combination, server: RestateServer | None, loop: Loop) -> None:
        self.combination = combination
        self._server = server
        self.virtual: VirtualRestate | None = None
        self.scripts = Scripts()
        self._is_untidy = False
        self._loop = loop
        self._failures = _Failures()
        self.replays = True
        self._seen: set[str] = set()
        self._newest = "2000-01-01T00:00:00.000Z"

    def open(self) -> Iterator[World]:
        """Serve and register it; for a fixture to yield from."""
        combination = self.combination
        with encoding_of_contract(combination.encoding):
            self._endpoint = endpoint = Endpoint(
                Clerk(self.scripts),
                Account(self.scripts),
                LazyAccount(self.scripts),
                Journey(self.scripts),
                max_protocol_version=combination.version,
                bidirectional=combination.bidirectional,
                engine=combination.engine,
            )
        logger = logging.getLogger("restate_proto")
        logger.addHandler(self._failures)
        stack = AsyncExitStack()
        try:
            self.run(self._enter(stack, endpoint))
            yield self
        finally:
            self.run(stack.aclose())
            logger.removeHandler(self._failures)

    async def _enter(self, stack: AsyncExitStack, endpoint: Endpoint) -> None:
        if self._server is None:
            replay = "always" if self.combination.replays else "never"
            virtual = VirtualRestate(endpoint, replay=replay, version=self.combination.version)
            self.virtual = await stack.enter_async_context(virtual)
            self.client = virtual.client
            return
        # The functions that are played may change between attempts, and count them.
        environment = restate_environment(endpoint, server=self.server, retries=True, debug=False)
        opened = await stack.enter_async_context(environment)
        self._deployment_id = opened.deployment.id
        self.client = await stack.enter_async_context(
            IngressClient(
                self.server.ingress_url,
                admin_url=self.server.admin_url,
                engine=self.combination.engine,
            )
        )

    @property
    def server(self) -> RestateServer:
        """The real server; a test of it has nothing to find on a virtual one."""
        if self._server is None:
            pytest.skip("needs a real server")
        return self._server

    @property
    def version(self) -> int:
        """The service protocol version."""
        return self.combination.version

    @property
    def encoding(self) -> Encoding:
        """The contract's encoding."""
        return self.combination.encoding

    # ---- Around each test ----

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine."""
        try:
            return self._loop.run(coroutine)
        except BaseException:
            self._is_untidy = True
            raise

    def take_failures(self) -> list[str]:
        """Return what was said since the last call about attempts that failed."""
        texts, self._failures.texts = self._failures.texts, []
        return texts

    async def replay_journals(self) -> ReplayReport:
        """Run the handlers once more, on what the server has recorded since the last call."""
        if self.virtual is None:
            recorded = await asyncio.to_thread(self._recorded)
            journals = [each for each in recorded if each.id not in self._seen]
        else:
            new = [id_ for id_ in self.virtual.invocations() if id_ not in self._seen]
            journals = self.virtual.recorded(new)
        self._seen.update(each.id for each in journals)
        self._newest = max([self._newest, *(each.invocation["created_at"] for each in journals)])
        return await replay_journals(self._endpoint, journals)

    def _recorded(self) -> list[RawJournal]:
        names = [service.name for service in self._endpoint.services]
        where = f"pinned_deployment_id = '{self._deployment_id}' AND created_at >= '{self._newest}'"
        return list(read_raw_journals(self.server.admin, names, where=where))

    def check(self) -> ReplayReport:
        """Nothing went wrong that the test did not ask about.

        Returns:
            What came of running the handlers once more.
        """
        problems, self._loop.problems = self._loop.problems, []
        failures = self.take_failures()
        report = self.run(self.replay_journals())
        self.scripts.clear()
        if failures or self._is_untidy:
            self._is_untidy = False
            if self.virtual is None:
                self.run(asyncio.to_thread(self._kill_all))
            else:
                self.run(self._kill_virtual(self.virtual))
            self.take_failures()
        replays, self.replays = self.replays, True
        assert not problems
        assert not failures
        if not replays:
            return ReplayReport(())
        report.raise_differences()
        return report

    def _kill_all(self) -> None:
        """What a failed test left behind must not disturb the next one."""
        admin = self.server.admin
        for row in admin.query("SELECT id FROM sys_invocation WHERE status <> 'completed'"):
            with suppress(InvocationNotFoundError):  # it has ended since
                admin.kill(row["id"])

    async def _kill_virtual(self, virtual: VirtualRestate) -> None:
        for id_ in virtual.invocations():
            if virtual.describe(id_)["status"] != "completed":
                with suppress(InvocationNotFoundError):  # it has been killed with its caller
                    await self.client.kill(id_)
        await virtual.advance(timedelta(0))

    # ---- Scripts ----

    def script(self, body: Body, parcel: Parcel | None = None) -> Script:
        """A script that has this function played."""
        return Script(name=self.scripts.add(body), input=parcel)

    async def perform(
        self, place: Place, body: Body, parcel: Parcel | None = None, *, key: str | None = None
    ) -> Parcel:
        """Have a function played as a handler; an object or a workflow gets a key of its own."""
        script = self.script(body, parcel)
        key = key or unique()
        match place:
            case Place.SERVICE:
                return await ClerkClient.from_client(self.client).perform(script)
            case Place.OBJECT:
                return await AccountClient.from_client(self.client, key).perform(script)
            case Place.OBJECT_SHARED:
                return await AccountClient.from_client(self.client, key).observe(script)
            case Place.WORKFLOW:
                return await JourneyClient.from_client(self.client, key).run(script)
            case Place.WORKFLOW_SHARED:
                return await JourneyClient.from_client(self.client, key).observe(script)

    async def perform_lazily(self, body: Body, *, key: str) -> Parcel:
        """As `perform`, in an object whose state is fetched key by key."""
        return await LazyAccountClient.from_client(self.client, key).perform(self.script(body))

    async def begin(
        self, place: Place, body: Body, parcel: Parcel | None = None, *, key: str | None = None
    ) -> IngressInvocationHandle[Parcel]:
        """As `perform`, without waiting for the result."""
        script = self.script(body, parcel)
        key = key or unique()
        match place:
            case Place.SERVICE:
                return await ClerkClient.from_client(self.client).send().perform(script)
            case Place.OBJECT:
                return await AccountClient.from_client(self.client, key).send().perform(script)
            case Place.OBJECT_SHARED:
                return await AccountClient.from_client(self.client, key).send().observe(script)
            case Place.WORKFLOW:
                return await JourneyClient.from_client(self.client, key).submit(script)
            case Place.WORKFLOW_SHARED:
                return await JourneyClient.from_client(self.client, key).send().observe(script)

    # ---- What Restate knows ----

    def time(self) -> float:
        """The time of the server, in seconds since the Unix epoch."""
        return time.time() if self.virtual is None else self.virtual.now.timestamp() + 1e-6

    async def query(self, sql: str) -> list[Row]:
        """The rows of a query of Restate's SQL."""
        return await asyncio.to_thread(self.server.admin.query, sql)

    async def invocation_row(self, invocation_id: str) -> dict[str, Any]:
        """Return what Restate says about an invocation."""
        if self.virtual is not None:
            await self.virtual.advance(timedelta(milliseconds=5))
            return self.virtual.describe(invocation_id)
        sql = f"SELECT * FROM sys_invocation WHERE id = '{invocation_id}'"
        (row,) = await self.query(sql)
        return row

    async def when_it_is(self, status: str, invocation_id: str) -> dict[str, Any]:
        """The invocation's row when it has this status, asked for until it has."""
        while True:
            row = await self.invocation_row(invocation_id)
            if row["status"] == status:
                return row
