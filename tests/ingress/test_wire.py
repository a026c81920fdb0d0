"""The client, on a real connection to a scripted ingress."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest
from google.protobuf.api_pb2 import Mixin
from google.protobuf.empty_pb2 import Empty
from google.protobuf.source_context_pb2 import SourceContext

from restate_proto import (
    AwakeableKey,
    Encoding,
    IngressBadRequestError,
    IngressClient,
    IngressError,
    IngressUnreachableError,
    InvocationNotFoundError,
    InvocationNotReadyError,
    OutcomeUnknownError,
    ServiceNotFoundError,
    Target,
    TerminalError,
)
from restate_proto.http2.errors import ErrorCode
from tests.ingress.fake_ingress import FakeIngress, Leave, Reply, Reset, error
from tests.ingress.wire import ADD, BINARY, MESSAGE, SENT, SOON, run


@pytest.fixture(params=["h2", "ngh2"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


def test_a_call_and_its_answer(engine: str) -> None:
    async def test(client: IngressClient) -> None:
        response = await client.call(
            ADD, MESSAGE, Mixin, idempotency_key="i", headers={"X-Tenant": "t"}
        )
        assert response == Mixin(name="answer")

    fake = FakeIngress(Reply(200, Mixin(name="answer").SerializeToString()))
    run(fake, test, engine=engine, headers={"authorization": "Bearer token"})

    (request,) = fake.requests
    assert request.method == "POST"
    assert request.path == "/restate/call/shop.v1.Cart/alice/AddTicket"
    assert request.body == BINARY
    assert request.headers["content-type"] == "application/protobuf"
    assert request.headers["accept"] == "application/protobuf"
    assert request.headers["idempotency-key"] == "i"
    assert request.headers["x-tenant"] == "t"
    assert request.headers["authorization"] == "Bearer token"


def test_a_call_in_json() -> None:
    async def test(client: IngressClient) -> None:
        assert await client.call(ADD, MESSAGE, Mixin, encoding=Encoding.JSON) == MESSAGE

    fake = FakeIngress(Reply(200, b'{"name":"n"}'))
    run(fake, test)

    (request,) = fake.requests
    assert json.loads(request.body) == {"name": "n"}
    assert request.headers["content-type"] == request.headers["accept"] == "application/json"


def test_an_empty_message_goes_without_a_content_type() -> None:
    async def test(client: IngressClient) -> None:
        assert await client.call(ADD, Empty(), Empty) == Empty()

    fake = FakeIngress(Reply())
    run(fake, test)

    assert fake.requests[0].body == b""
    assert "content-type" not in fake.requests[0].headers


@pytest.mark.parametrize("sends", [False, True])
def test_an_empty_message_that_is_refused_goes_with_a_content_type(*, sends: bool) -> None:
    """An SDK may declare an input as required: an empty body is then taken with one alone."""

    async def test(client: IngressClient) -> None:
        if sends:
            await client.send(ADD, Mixin(), Mixin)
        else:
            assert await client.call(ADD, Mixin(), Mixin) == Mixin(name="n")

    done = SENT if sends else Reply(200, BINARY)
    fake = FakeIngress(error(400, "Empty content-type"), done)
    run(fake, test)

    first, second = fake.requests
    assert "content-type" not in first.headers
    assert second.headers.pop("content-type") == "application/protobuf"
    assert (second.path, second.body, second.headers) == (first.path, b"", first.headers)


@pytest.mark.parametrize(
    ("message", "replies"),
    [
        (Mixin(), [error(400, "no"), error(400, "no")]),
        (Mixin(name="n"), [error(400, "no")]),
    ],
    ids=["an empty one, twice", "another one"],
)
def test_what_is_refused_for_another_reason(message: Mixin, replies: list[Reply]) -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(IngressBadRequestError, match="no; the request cannot succeed"):
            await client.call(ADD, message, Mixin)

    fake = FakeIngress(*replies)
    run(fake, test)
    assert len(fake.requests) == len(replies)


def test_a_failure_of_the_handler_is_not_asked_for_again() -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(TerminalError, match="Empty content-type"):
            await client.call(ADD, Mixin(), Mixin)

    fake = FakeIngress(error(400, "Empty content-type", source="invocation"))
    run(fake, test)
    assert len(fake.requests) == 1


def test_plain_values() -> None:
    async def test(client: IngressClient) -> None:
        assert await client.call(ADD, "hi", list) == [1, "two"]
        assert await client.call(ADD, None, type(None)) is None

    fake = FakeIngress(Reply(200, b'[1,"two"]'), Reply())
    run(fake, test)

    assert [request.body for request in fake.requests] == [b'"hi"', b""]


def test_a_send_and_its_handle() -> None:
    async def test(client: IngressClient) -> None:
        handle = await client.send(ADD, MESSAGE, Mixin, delay=timedelta(seconds=5))
        assert await handle.invocation_id() == "inv_1"
        assert handle.accepted
        assert await handle.output() is None
        assert await handle.attach() == MESSAGE
        assert await handle.output() == MESSAGE
        await handle.cancel()

    fake = FakeIngress(
        SENT,
        error(470, "not yet"),
        Reply(200, BINARY),
        Reply(200, BINARY),
        Reply(409, b'{"message":"completed"}'),
    )
    run(fake, test)

    assert [(it.method, it.path) for it in fake.requests] == [
        ("POST", "/restate/send/shop.v1.Cart/alice/AddTicket?delay=5000ms"),
        ("POST", "/restate/output"),
        ("POST", "/restate/attach"),
        ("POST", "/restate/output"),
        ("PATCH", "/invocations/inv_1/cancel"),
    ]
    assert json.loads(fake.requests[2].body) == {"target": "invocation", "invocationId": "inv_1"}


def test_an_output_that_has_to_be_there() -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(InvocationNotReadyError, match=r"attach\(\) waits"):
            await client.invocation("inv_1", Mixin).require_output()

    run(FakeIngress(error(470, "not yet")), test)


def test_a_handle_of_an_idempotency_key_looks_its_id_up_once() -> None:
    async def test(client: IngressClient) -> None:
        handle = client.idempotent_invocation(ADD, "i", Mixin)
        assert handle.accepted is None
        assert [await handle.invocation_id(), await handle.invocation_id()] == ["inv_7", "inv_7"]
        await handle.kill()

    fake = FakeIngress(Reply(200, b'{"invocationId":"inv_7"}'), Reply(200))
    run(fake, test)

    assert [it.path for it in fake.requests] == ["/restate/lookup", "/invocations/inv_7/kill"]


NOT_FOUND = error(404, "not found", source="invocation")


def test_to_attach_to_nothing_is_told_from_a_failure() -> None:
    async def test(client: IngressClient) -> None:
        handle = client.workflow("W", "k", Mixin)
        with pytest.raises(InvocationNotFoundError, match="attach to workflow W/k: 404"):
            await handle.attach()
        with pytest.raises(TerminalError, match="not found"):
            await handle.attach()
        with pytest.raises(TerminalError, match="not found"):
            await handle.attach()
        assert await handle.attach() == MESSAGE

    run(
        FakeIngress(
            *(NOT_FOUND, error(404, "invocation not found")),
            *(NOT_FOUND, error(404, "not found", source="invocation")),
            *(NOT_FOUND, error(470, "not yet")),
            *(NOT_FOUND, Reply(200, BINARY)),
        ),
        test,
    )


def test_awakeables() -> None:
    async def test(client: IngressClient) -> None:
        await client.resolve_awakeable("sign_1", MESSAGE)
        await client.resolve_awakeable("sign_1", MESSAGE, encoding=Encoding.JSON)
        await client.reject_awakeable("sign_1", "no")
        # By the field that the id is in.
        named = AwakeableKey(SourceContext, "file_name", Mixin).of(
            SourceContext(file_name="sign_2")
        )
        await client.resolve_awakeable(named, MESSAGE)
        await client.reject_awakeable(named, "no")
        with pytest.raises(TypeError, match=r"expected a google\.protobuf\.Mixin"):
            await client.resolve_awakeable(named, Empty())  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]

    fake = FakeIngress(*[Reply(202)] * 5)
    run(fake, test)

    assert [(it.path, it.body) for it in fake.requests] == [
        ("/restate/awakeables/sign_1/resolve", BINARY),
        ("/restate/awakeables/sign_1/resolve", b'{"name":"n"}'),
        ("/restate/awakeables/sign_1/reject", b"no"),
        ("/restate/awakeables/sign_2/resolve", BINARY),
        ("/restate/awakeables/sign_2/reject", b"no"),
    ]


def test_to_cancel_without_an_admin_url() -> None:
    async def scenario() -> None:
        async with IngressClient("http://127.0.0.1:8080") as client:
            with pytest.raises(IngressError, match=r"cancel of invocation inv_1: .*admin_url="):
                await client.cancel("inv_1")

    asyncio.run(scenario())


def test_errors_are_typed() -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(TerminalError) as failed:
            await client.call(ADD, MESSAGE, Mixin)
        assert (failed.value.code, failed.value.message) == (418, "mine")
        with pytest.raises(ServiceNotFoundError):
            await client.call(ADD, MESSAGE, Mixin)

    run(FakeIngress(error(418, "mine", source="invocation"), error(404, "no service")), test)


def test_a_refused_stream_is_repeated(engine: str) -> None:
    async def test(client: IngressClient) -> None:
        assert await client.call(ADD, MESSAGE, Mixin) == MESSAGE

    fake = FakeIngress(
        Reset(ErrorCode.REFUSED_STREAM), Reset(ErrorCode.REFUSED_STREAM), Reply(200, BINARY)
    )
    run(fake, test, engine=engine, retry=SOON)


def test_a_cancelled_stream_is_not(engine: str) -> None:
    async def test(client: IngressClient) -> None:
        with pytest.raises(OutcomeUnknownError, match="CANCEL"):
            await client.call(ADD, MESSAGE, Mixin)

    run(FakeIngress(Reset(ErrorCode.CANCEL)), test, engine=engine, retry=SOON)


@pytest.mark.parametrize("key", [None, "i"])
def test_a_connection_that_is_lost_after_sending(engine: str, key: str | None) -> None:
    async def scenario() -> None:
        first, second = FakeIngress(Leave()), FakeIngress(Reply(200, BINARY))
        async with first.serve() as url:
            port = first.server.port
            client = IngressClient(url, engine=engine, retry=SOON)
            call = asyncio.create_task(client.call(ADD, MESSAGE, Mixin, idempotency_key=key))
            await first.left.wait()
        async with second.serve(port), client:
            if key is None:
                with pytest.raises(OutcomeUnknownError, match="may do it twice"):
                    await call
                assert not second.requests
            else:
                assert await call == MESSAGE
                assert second.requests == first.requests

    asyncio.run(scenario())


def test_nobody_there() -> None:
    async def scenario() -> None:
        fake = FakeIngress()
        async with fake.serve() as url:
            pass
        async with IngressClient(url) as client:
            with pytest.raises(IngressUnreachableError, match=rf"{url}.*is Restate running there"):
                await client.call(ADD, MESSAGE, Mixin)

    asyncio.run(scenario())


def test_a_timeout_of_the_callers_ends_the_request(engine: str) -> None:
    async def scenario() -> None:
        fake = FakeIngress(Leave())
        async with fake.serve() as url, IngressClient(url, engine=engine) as client:
            call = asyncio.create_task(client.call(ADD, MESSAGE, Mixin))
            await fake.left.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await fake.aborted.wait()

    asyncio.run(scenario())


def test_many_at_once(engine: str) -> None:
    async def test(client: IngressClient) -> None:
        targets = [Target.object("S", str(number), "h") for number in range(100)]
        calls = (client.call(target, MESSAGE, Mixin) for target in targets)
        assert await asyncio.gather(*calls) == [MESSAGE] * 100

    fake = FakeIngress(*[Reply(200, BINARY)] * 100)
    run(fake, test, engine=engine)

    assert {it.path for it in fake.requests} == {f"/restate/call/S/{it}/h" for it in range(100)}


def test_requests_that_wait_for_long_do_not_keep_others_waiting() -> None:
    async def scenario() -> None:
        waiting = 350
        fake = FakeIngress(*[Leave()] * waiting, Reply(200, BINARY))
        async with fake.serve() as url, IngressClient(url) as client:
            calls = [asyncio.create_task(client.call(ADD, MESSAGE, Mixin)) for _ in range(waiting)]
            while len(fake.requests) < waiting:
                fake.left.clear()
                await fake.left.wait()
            assert await client.call(ADD, MESSAGE, Mixin) == MESSAGE
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(outcome, OutcomeUnknownError)

    asyncio.run(scenario())


def test_the_path_of_the_url_comes_first() -> None:
    async def scenario() -> None:
        fake = FakeIngress(Reply(200, BINARY))
        async with fake.serve() as url, IngressClient(f"{url}/restate-ingress/") as client:
            await client.call(ADD, MESSAGE, Mixin)
        assert fake.requests[0].path == (
            "/restate-ingress/restate/call/shop.v1.Cart/alice/AddTicket"
        )

    asyncio.run(scenario())


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "localhost", "ftp://localhost", "http://"])
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match=url):
        IngressClient(url)
    with pytest.raises(ValueError, match=url):
        IngressClient("http://127.0.0.1:8080", admin_url=url)
