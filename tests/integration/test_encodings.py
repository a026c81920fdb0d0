"""What one party writes, another can read, whatever the encodings of both contracts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.struct_pb2 import ListValue, Value
from google.protobuf.timestamp_pb2 import Timestamp
from google.protobuf.wrappers_pb2 import BoolValue, Int64Value, StringValue

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Encoding, Endpoint, IngressInvocationHandle, SignalKey, Target
from restate_proto.codec.payload import content_type_of, encode
from restate_proto.codec.registry import codec_for
from tests.integration.values_services import Handler, Outside, serving, the_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing import RestateServer
    from tests.integration.world import Loop

NUMBERS = ListValue(values=[Value(number_value=1), Value(number_value=2)])
VALUES: dict[str, Any] = {
    "message": Parcel(text="größe", number=2**60),
    "string": StringValue(value="hello"),
    "integer": Int64Value(value=22),
    "bool": BoolValue(value=True),
    "value": Value(number_value=34),
    "list in a value": Value(list_value=NUMBERS),
    "list": NUMBERS,
    "timestamp": Timestamp(seconds=1_700_000_000),
    "empty": Empty(),
}
KINDS = {name: cast("Any", type(value)) for name, value in VALUES.items()}

waiting: asyncio.Queue[str]


async def wait_for_awakeable(ctx: Any, request: StringValue) -> BoolValue:
    awakeable = ctx.awakeable(KINDS[request.value])
    waiting.put_nowait(awakeable.id)
    return BoolValue(value=await awakeable == VALUES[request.value])


async def wait_for_signal(ctx: Any, request: StringValue) -> BoolValue:
    waiting.put_nowait(ctx.invocation_id)
    value = await ctx.signal(SignalKey("s", KINDS[request.value]))
    return BoolValue(value=value == VALUES[request.value])


async def resolve(ctx: Any, request: Value) -> Empty:
    kind, id_ = request.struct_value.fields["kind"], request.struct_value.fields["id"]
    ctx.resolve_awakeable(id_.string_value, VALUES[kind.string_value])
    return Empty()


async def send_signal(ctx: Any, request: Value) -> Empty:
    kind, id_ = request.struct_value.fields["kind"], request.struct_value.fields["id"]
    key = SignalKey("s", KINDS[kind.string_value])
    ctx.invocation(id_.string_value).signal(key, VALUES[kind.string_value])
    return Empty()


def name_of(encoding: Encoding) -> str:
    return f"encodings.v1.Party{encoding.value}"


def target(encoding: Encoding, handler: str) -> Target:
    return Target.service(name_of(encoding), handler)


@pytest.fixture(scope="module")
def outside(loop: Loop, patient_server: RestateServer) -> Iterator[Outside]:
    global waiting  # noqa: PLW0603 - the one place that makes it
    waiting = asyncio.Queue()
    parties = (
        the_service(
            name_of(encoding),
            encoding,
            WaitForAwakeable=Handler(wait_for_awakeable, StringValue, BoolValue),
            WaitForSignal=Handler(wait_for_signal, StringValue, BoolValue),
            Resolve=Handler(resolve, Value, Empty),
            SendSignal=Handler(send_signal, Value, Empty),
            **{f"Echo{i}": Handler(echo, type_, type_) for i, type_ in enumerate(KINDS.values())},
        )
        for encoding in Encoding
    )
    with serving(loop, patient_server, Endpoint(*parties)) as found:
        yield found


async def echo(ctx: Any, request: Any) -> Any:
    return request


async def begin(
    outside: Outside, reader: Encoding, handler: str, kind: str
) -> tuple[str, IngressInvocationHandle[BoolValue]]:
    """Let a handler wait for a value of a kind; return the id of its wait, and its handle."""
    request = StringValue(value=kind)
    handle = await outside.client.send(target(reader, handler), request, BoolValue, encoding=reader)
    return await waiting.get(), handle


def about(kind: str, id_: str) -> Value:
    request = Value()
    request.struct_value.update({"kind": kind, "id": id_})
    return request


kinds = pytest.mark.parametrize("kind", VALUES)
readers = pytest.mark.parametrize("reader", Encoding)
writers = pytest.mark.parametrize("writer", Encoding)


@kinds
@readers
@writers
def test_from_handler_to_handler(
    loop: Loop, outside: Outside, kind: str, reader: Encoding, writer: Encoding
) -> None:
    async def scenario() -> None:
        for wait, tell in (("WaitForAwakeable", "Resolve"), ("WaitForSignal", "SendSignal")):
            id_, handle = await begin(outside, reader, wait, kind)
            await outside.call(target(writer, tell), about(kind, id_), Empty, writer)
            assert (await handle.attach()).value

    loop.run(scenario())


@kinds
@readers
@writers
def test_from_outside(
    loop: Loop, outside: Outside, kind: str, reader: Encoding, writer: Encoding
) -> None:
    async def scenario() -> None:
        id_, handle = await begin(outside, reader, "WaitForAwakeable", kind)
        await outside.client.resolve_awakeable(id_, VALUES[kind], encoding=writer)
        assert (await handle.attach()).value

        id_, handle = await begin(outside, reader, "WaitForAwakeable", kind)
        body = encode(codec_for(KINDS[kind]), VALUES[kind], writer)
        path = f"/restate/awakeables/{id_}/resolve"
        status, _ = await outside.post(path, body, content_type_of(writer))
        assert status == 202
        assert (await handle.attach()).value

    loop.run(scenario())


@kinds
@readers
@writers
def test_a_call_and_an_attach_with_the_other_encoding(
    loop: Loop, outside: Outside, kind: str, reader: Encoding, writer: Encoding
) -> None:
    async def scenario() -> None:
        where = target(reader, f"Echo{list(KINDS).index(kind)}")
        value, type_ = VALUES[kind], KINDS[kind]
        assert await outside.call(where, value, type_, writer) == value
        handle = await outside.client.send(where, value, type_, encoding=writer)
        id_ = await handle.invocation_id()
        assert await outside.client.invocation(id_, type_, encoding=reader).attach() == value

    loop.run(scenario())
