"""What curl does: HTTP/1.1 to the ingress, JSON or binary, without this library's client."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pytest

from restate_proto import Context, Encoding
from tests.integration.conformance_messages import BLUE, EntryList, Parcel
from tests.integration.scripted_services import Place, unique

if TYPE_CHECKING:
    from tests.integration.world import World

JSON = "application/json"
PARCEL = Parcel(text="größe", number=2**60, data=b"\xff", counts={"a": 1}, color=BLUE)
AS_JSON = {
    "text": "größe",
    "number": str(2**60),
    "data": "/w==",
    "counts": {"a": "1"},
    "color": "COLOR_BLUE",
}


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def post(
    world: World, path: str, body: bytes | None, content_type: str | None = None, **headers: str
) -> Answer:
    """Send a request to the ingress."""
    if content_type is not None:
        headers["content-type"] = content_type
    request = urllib.request.Request(
        world.server.ingress_url + path, data=body, headers=headers, method="POST"
    )
    if content_type is None:  # urllib would add one
        request.add_unredirected_header("Content-type", "")
        del request.unredirected_hdrs["Content-type"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def send() -> Answer:
        try:
            with opener.open(request) as response:
                return Answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    return world.run(asyncio.to_thread(send))


@pytest.mark.parametrize("type_", [JSON, "application/json; charset=utf-8", "text/json"])
def test_json_is_answered_in_json(world: World, type_: str) -> None:
    answer = post(world, "/conformance.v1.Clerk/Echo", json.dumps(AS_JSON).encode(), type_)
    assert answer.status == 200
    assert json.loads(answer.body) == AS_JSON
    assert "json" in answer.headers["content-type"]


@pytest.mark.parametrize(
    "type_", ["application/protobuf", "application/x-protobuf", "application/proto"]
)
def test_binary_is_answered_in_binary(world: World, type_: str) -> None:
    body = PARCEL.SerializeToString()
    answer = post(world, "/conformance.v1.Clerk/Echo", body, type_)
    assert answer.status == 200
    assert Parcel.FromString(answer.body) == PARCEL


@pytest.mark.parametrize("type_", ["application/octet-stream", "application/x-www-form-urlencoded"])
def test_another_content_type_leaves_it_to_looking(world: World, type_: str) -> None:
    path = "/conformance.v1.Clerk/Echo"
    as_json = post(world, path, json.dumps(AS_JSON).encode(), type_)
    assert json.loads(as_json.body) == AS_JSON
    binary = post(world, path, PARCEL.SerializeToString(), type_)
    assert Parcel.FromString(binary.body) == PARCEL


def test_an_object_and_its_key(world: World) -> None:
    key = f"{unique()}/a b%ü"
    path = f"/conformance.v1.Account/{quote(key, safe='')}/Append"
    body = json.dumps({"account": key, "text": "one", "unknown": {"field": []}}).encode()
    answer = post(world, path, body, JSON)
    assert json.loads(answer.body) == {"texts": ["one"]}
    entries = post(world, path.replace("Append", "Entries"), b"{}", JSON)
    assert json.loads(entries.body) == {"texts": ["one"]}
    if world.encoding is Encoding.PROTOBUF:
        binary = post(world, path.replace("Append", "Entries"), b"", "application/protobuf")
        assert EntryList.FromString(binary.body) == EntryList(texts=["one"])


@pytest.mark.parametrize(
    ("body", "type_"), [(b"{}", JSON), (b"", JSON), (b"", "application/protobuf"), (None, None)]
)
def test_a_handler_that_takes_nothing(world: World, body: bytes | None, type_: str | None) -> None:
    answer = post(world, "/conformance.v1.Clerk/Nothing", body, type_)
    assert answer.status == 200
    assert answer.body in (b"", b"{}")


def test_an_empty_message_is_zero_bytes_or_an_empty_object(world: World) -> None:
    path = "/conformance.v1.Clerk/Echo"
    nothing = post(world, path, None)
    assert nothing.status == 200
    as_json = post(world, path, b"{}", JSON)
    assert (as_json.status, as_json.body) == (200, b"{}")


def test_one_way(world: World) -> None:
    body = json.dumps(AS_JSON).encode()
    answer = post(world, "/conformance.v1.Clerk/Echo/send", body, JSON)
    assert answer.status == 202
    sent = json.loads(answer.body)
    assert sent["status"] == "Accepted"
    handle = world.client.invocation(sent["invocationId"], Parcel, encoding=Encoding.JSON)
    assert world.run(handle.attach()) == PARCEL


@pytest.mark.parametrize(
    ("body", "type_", "reason"),
    [
        (b"{", JSON, "JSON"),
        (b"[]", JSON, "expected an object"),
        (b'""', JSON, "expected an object"),
        (b"null", JSON, "expected an object"),
        (b'{"number": "many"}', JSON, "number"),
        (b'{"counts": 1}', JSON, "counts"),
        (b"\xff\xff\xff", "application/protobuf", ""),
    ],
)
def test_a_bad_request_is_terminal(world: World, body: bytes, type_: str, reason: str) -> None:
    answer = post(world, "/conformance.v1.Clerk/Echo", body, type_)
    assert answer.status == 400
    failure: dict[str, Any] = json.loads(answer.body)
    assert failure["message"].startswith("conformance.v1.Clerk/Echo: bad request: ")
    assert reason in failure["message"]


def test_headers_reach_the_handler(world: World) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=f"{ctx.headers['x-trace']} {ctx.headers['content-type']}")

    script = {"name": world.script(body).name}
    path = "/conformance.v1.Clerk/Perform"
    answer = post(world, path, json.dumps(script).encode(), JSON, **{"X-Trace": "t1"})
    assert json.loads(answer.body) == {"text": "t1 application/json"}


def test_an_awakeable(world: World) -> None:
    ids: asyncio.Queue[str] = asyncio.Queue()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        awakeable = ctx.awakeable(Parcel)
        ids.put_nowait(awakeable.id)
        return await awakeable

    handle = world.run(world.begin(Place.SERVICE, body))
    id_ = world.run(ids.get())
    path = f"/restate/awakeables/{id_}/resolve"
    assert post(world, path, json.dumps(AS_JSON).encode(), JSON).status == 202
    assert world.run(handle.attach()) == PARCEL


def test_an_idempotency_key(world: World) -> None:
    body = json.dumps(AS_JSON).encode()
    key = {"idempotency-key": unique()}
    sent = [post(world, "/conformance.v1.Clerk/Echo/send", body, JSON, **key) for _ in range(2)]
    answers = [json.loads(each.body) for each in sent]
    assert [each["status"] for each in answers] == ["Accepted", "PreviouslyAccepted"]
    assert answers[0]["invocationId"] == answers[1]["invocationId"]
