"""Events: a record of a Kafka topic, as Restate passes it on, reaches a handler.

Such a request has the unchanged value of the record, no content type, and headers of its own; the
record's key is the object key.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Entry, EntryList, Parcel, Script
from conformance.v1.conformance_restate import AccountBase
from conformance.v1.queue_pb2 import QueueKey, WaitRequest
from conformance.v1.queue_restate import QueueBase
from restate_proto import AesGcmSiv, Encoding, Endpoint
from restate_proto.codec.google import google_codec
from restate_proto.codec.payload import read
from restate_proto.http2.client import Http2Client
from restate_proto.model.payload_codec import MARK, PayloadCodecs
from restate_proto.protocol.frames import FrameDecoder, pack_header
from restate_proto.protocol.messages import MessageType
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from restate_proto import ObjectContext, ObjectSharedContext

V6 = (b"content-type", b"application/vnd.restate.invocation.v6")


class Account(AccountBase):
    async def append(self, ctx: ObjectContext, request: Entry) -> EntryList:
        where = f"{ctx.headers['kafka.topic']}/{ctx.headers['kafka.partition']}"
        return EntryList(texts=[ctx.key, request.text, f"{where}@{ctx.headers['kafka.offset']}"])

    async def entries(self, ctx: ObjectSharedContext) -> EntryList:
        return EntryList(texts=[ctx.headers["kafka.key"]])

    async def perform(self, ctx: ObjectContext, request: Script) -> Parcel:
        return request.input

    async def observe(self, ctx: ObjectSharedContext, request: Script) -> Parcel:
        return request.input


class Queue(QueueBase):
    async def name(self, ctx: ObjectContext) -> QueueKey:
        return QueueKey(team=ctx.key)

    async def first(self, ctx: ObjectSharedContext) -> QueueKey:
        return QueueKey()

    async def wait(self, ctx: ObjectContext, request: WaitRequest) -> None: ...

    async def release(self, ctx: ObjectContext, request: QueueKey) -> None: ...

    async def wait_for(self, ctx: ObjectContext, request: QueueKey) -> QueueKey:
        return request

    async def name_of(self, ctx: ObjectContext, request: QueueKey) -> QueueKey:
        return request


def frame(type_: int, message: Message) -> bytes:
    payload = message.SerializeToString()
    return pack_header(type_, 0, len(payload)) + payload


def event(handler: str, key: bytes, record: bytes, endpoint: Endpoint) -> pb.OutputCommandMessage:
    """Return a handler's answer to a record."""
    start = pb.StartMessage(id=b"1", known_entries=1, key=key.decode())
    input_ = pb.InputCommandMessage(value=pb.Value(content=record))
    for name, value in {
        "kafka.offset": "41",
        "kafka.topic": "carts",
        "kafka.partition": "0",
        "kafka.timestamp": "1796000673303",
        "restate.subscription.id": "sub_12WITxOg2fZMdJW5GzjFUaJ",
        "kafka.key": base64.urlsafe_b64encode(key).decode(),
    }.items():
        input_.headers.add(key=name, value=value)
    body = frame(MessageType.START, start) + frame(MessageType.INPUT, input_)

    async def go() -> bytes:
        async with endpoint.run() as running, Http2Client(running.address) as client:
            return (await client.request("POST", f"/invoke/{handler}", [V6], body)).body

    output, end = FrameDecoder().feed(asyncio.run(go()))
    assert (output[0], end[0]) == (MessageType.OUTPUT, MessageType.END)
    return pb.OutputCommandMessage.FromString(output[1])


APPEND, ENTRIES = "conformance.v1.Account/Append", "conformance.v1.Account/Entries"


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (Entry(text="a ticket").SerializeToString(), "a ticket"),
        (b'{"text": "a ticket"}', "a ticket"),
        (b' {"text": "a ticket", "addedSince": 1}', "a ticket"),
        (b"", ""),  # a tombstone
    ],
    ids=["binary", "JSON", "JSON of a newer contract", "no value"],
)
def test_a_record_reaches_a_handler(record: bytes, text: str) -> None:
    output = event(APPEND, b"ada", record, Endpoint(Account()))
    answer, _ = read(google_codec(EntryList), output.value.content, Encoding.PROTOBUF)
    assert list(answer.texts) == ["ada", text, "carts/0@41"]


def test_the_key_of_the_record_is_in_the_headers_as_well() -> None:
    output = event(ENTRIES, "größe".encode(), b"", Endpoint(Account()))
    assert EntryList.FromString(output.value.content).texts == [
        base64.urlsafe_b64encode("größe".encode()).decode()
    ]


@pytest.mark.parametrize(
    "record",
    [b"\x00\x00\x00\x00\x01\x00\x0a\x01a", b"\xff", b"{"],
    ids=["with the prefix of a schema registry", "no message", "no JSON"],
)
def test_a_record_that_cannot_be_read_ends_its_invocation(record: bytes) -> None:
    failure = event(APPEND, b"ada", record, Endpoint(Account())).failure
    assert failure.code == 400
    assert "conformance.v1.Account/Append: bad request: conformance.v1.Entry" in failure.message


def test_a_record_whose_key_is_none_of_the_contract_ends_its_invocation() -> None:
    failure = event("conformance.v1.Queue/Name", b"ada", b"", Endpoint(Queue())).failure
    assert failure.code == 400
    assert "bad key" in failure.message


def test_plain_records_are_read_where_payloads_are_encrypted() -> None:
    codec = AesGcmSiv({"k": bytes(32)})
    endpoint = Endpoint(Account(), payload_codec=codec)
    stored = event(APPEND, b"ada", b'{"text": "a ticket"}', endpoint).value.content
    assert stored.startswith(MARK)
    plain = PayloadCodecs([codec]).decode(stored)
    assert json.loads(plain) == {"texts": ["ada", "a ticket", "carts/0@41"]}
