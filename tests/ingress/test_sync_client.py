"""The synchronous client: against a scripted ingress, and on a real restate-server."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from google.protobuf.api_pb2 import Mixin

from conformance.v1.conformance_pb2 import Entry, FailRequest, Parcel, Script
from conformance.v1.conformance_restate import AccountClient, ClerkClient, JourneyClient
from restate_proto import (
    IngressUnreachableError,
    SyncIngressClient,
    SyncInvocationHandle,
    Target,
    TerminalError,
    WaitTimeoutError,
)
from restate_proto.http2.server import Server
from restate_proto.http2.stream import ServerStream
from tests.http2.support import Count
from tests.ingress.fake_ingress import FakeIngress, Leave, Reply
from tests.ingress.services import Services

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from restate_proto.testing import TestEnvironment

ADD = Target.object("shop.v1.Cart", "alice", "AddTicket")
MESSAGE = Mixin(name="n")
DONE = Reply(200, MESSAGE.SerializeToString())
SHORT = timedelta(milliseconds=50)


class _InAThread:
    """Serves in an event loop of another thread, since the tests block."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def end(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


@contextmanager
def serving(make: Callable[[], Server]) -> Generator[str]:
    thread = _InAThread()

    async def start() -> Server:
        server = make()
        await server.start("127.0.0.1", 0)
        return server

    try:
        server: Server = thread.run(start())
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            thread.run(server.close())
    finally:
        thread.end()


@contextmanager
def counting() -> Generator[str]:
    """Run a server that answers with the number of bytes of a request."""
    with serving(lambda: Server(Count)) as url:
        yield url


def count(client: SyncIngressClient, size: int) -> int:
    return client.call(Target.service("S", "h"), b"x" * size, int)


def test_threads_share_a_client_and_its_connection() -> None:
    connections: set[object] = set()

    def accept(stream: ServerStream) -> Count:
        connections.add(stream.connection)
        return Count(stream)

    failures: list[int] = []

    def work(client: SyncIngressClient, first: int) -> None:
        failures.extend(size for size in range(first, first + 50) if count(client, size) != size)

    with serving(lambda: Server(accept)) as url, SyncIngressClient(url) as client:
        threads = [threading.Thread(target=work, args=(client, 100 * n)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert len(connections) == 1


def test_it_works_inside_a_running_event_loop() -> None:
    """The call blocks the loop, as all blocking code does."""

    async def view() -> int:
        return count(client, 3)

    with counting() as url, SyncIngressClient(url) as client:
        assert asyncio.run(view()) == 3
        assert asyncio.run(asyncio.wait_for(asyncio.to_thread(count, client, 4), 60)) == 4


def test_a_process_that_is_forked_later_has_connections_of_its_own() -> None:
    with counting() as url, SyncIngressClient(url) as client:
        assert count(client, 1) == 1
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if count(client, 2) == 2 else 2
                gc.collect()
                code = code or (0 if count(client, 3) == 3 else 3)
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert count(client, 4) == 4


def test_without_a_server_the_error_is_that_of_the_asynchronous_client() -> None:
    client = SyncIngressClient("http://127.0.0.1:9")
    with client, pytest.raises(IngressUnreachableError, match=r"call of S/h: .* Restate running"):
        count(client, 1)


def test_what_waits_when_the_client_is_closed_fails() -> None:
    async def make() -> FakeIngress:
        return FakeIngress(Leave())

    thread = _InAThread()
    fake: FakeIngress = thread.run(make())
    thread.run(fake.server.start("127.0.0.1", 0))
    client = SyncIngressClient(f"http://127.0.0.1:{fake.server.port}")
    errors: list[Exception] = []

    def wait() -> None:
        try:
            client.call(ADD, MESSAGE, Mixin)
        except Exception as error:  # noqa: BLE001 - looked at below
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    thread.run(fake.left.wait())
    client.close()
    waiting.join()
    assert "closed" in str(errors[0])
    with pytest.raises(RuntimeError, match="the client is closed"):
        client.call(ADD, MESSAGE, Mixin)
    client.close()
    thread.run(fake.server.close())
    thread.end()


def test_a_client_that_is_forgotten_warns_and_ends_its_thread() -> None:
    before = set(threading.enumerate())
    with counting() as url:
        serving_thread = set(threading.enumerate()) - before
        clients = [SyncIngressClient(url)]
        assert count(clients[0], 1) == 1
        (thread,) = set(threading.enumerate()) - before - serving_thread
        with pytest.warns(ResourceWarning, match="unclosed <Http2Client"):
            clients.clear()
        thread.join()


def test_a_function_that_gives_headers_may_block_and_may_not_use_the_client() -> None:
    used: list[str] = []

    def headers() -> dict[str, str]:
        used.append(threading.current_thread().name)
        return {"authorization": "Bearer t"}

    async def circle() -> dict[str, str]:
        client.cancel("inv_1")
        return {}

    with counting() as url:
        with SyncIngressClient(url, headers=headers) as client:
            assert count(client, 1) == 1
        client = SyncIngressClient(url, headers=circle, admin_url=url)
        with client, pytest.raises(RuntimeError, match="own thread cannot wait"):
            count(client, 1)
    assert used
    assert "restate-proto client" not in used


def test_an_error_names_the_class_that_was_made() -> None:
    with pytest.raises(TypeError, match=r"^SyncIngressClient\(limits=3\)"):
        SyncIngressClient("http://127.0.0.1:9", limits=3)  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError, match=r"AccountSyncClient\(client=None\).*SyncIngressClient"):
        AccountClient.from_sync_client(None, "k")  # pyright: ignore[reportArgumentType]


@pytest.mark.restate(real=True)
def test_all_of_it_on_a_real_server(restate_environment: Any) -> None:
    """The endpoint runs in this test's event loop, and the client in a thread that blocks."""

    def play(env: TestEnvironment, awakeable: Callable[[], str]) -> None:
        server = env.server
        with SyncIngressClient(server.ingress_url, admin_url=server.admin_url) as client:
            clerk = ClerkClient.from_sync_client(client)
            assert clerk.echo(Parcel(text="t")) == Parcel(text="t")
            answers: list[object] = [clerk.nothing()]
            assert answers == [None]
            with pytest.raises(TerminalError, match="no") as failed:
                clerk.fail(FailRequest(message="no", code=409))
            assert failed.value.code == 409

            account = AccountClient.from_sync_client(client, uuid4().hex)
            assert list(account.append(Entry(text="a")).texts) == ["a"]
            handle = account.send().append(Entry(text="b"), idempotency_key="k")
            assert handle.accepted
            assert list(handle.attach().texts) == ["a", "b"]
            assert account.send().append(Entry(text="b"), idempotency_key="k").accepted is False
            assert client.invocation(handle.invocation_id(), Parcel).purge()

            key = uuid4().hex
            clerk.send().perform(Script(name="await"), idempotency_key=key)
            with pytest.raises(WaitTimeoutError) as caught:
                clerk.perform(Script(name="await"), idempotency_key=key, wait_for=SHORT)
            waiting = caught.value.handle
            assert isinstance(waiting, SyncInvocationHandle)
            assert waiting.output() is None
            client.resolve_awakeable(awakeable(), Parcel(text="done"))
            assert waiting.attach() == Parcel(text="done")

            journey = JourneyClient.from_sync_client(client, uuid4().hex)
            run = journey.submit(Script(name="n"))
            journey.decide(Parcel(text="d"))
            assert journey.handle().attach() == Parcel(text="n: d")
            assert run.require_output() == Parcel(text="n: d")

            asleep = clerk.send().perform(Script(name="sleep"))
            asleep.cancel()
            with pytest.raises(TerminalError):
                asleep.attach()

    async def main() -> None:
        services = Services()
        loop = asyncio.get_running_loop()

        def awakeable() -> str:
            return asyncio.run_coroutine_threadsafe(services.awakeables.get(), loop).result()

        async with restate_environment(services.endpoint(), replay_check=False) as env:
            await asyncio.to_thread(play, env, awakeable)

    asyncio.run(main())
