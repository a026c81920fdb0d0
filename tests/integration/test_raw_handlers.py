"""Raw requests and responses on a real server."""

from __future__ import annotations

import asyncio
import http.client
import random
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from conformance.v1.files_pb2 import FileDescription
from conformance.v1.files_restate import FilesClient, ReportClient
from restate_proto import Endpoint, IngressBadRequestError
from tests.integration.raw_services import Files, Report
from tests.integration.values_services import Outside, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.testing import RestateServer
    from tests.integration.world import Loop

# Bytes that begin as JSON does, as a message does, and as neither.
BYTES = [b"{", b"2", b"[1, 2", b"null", b"\x0a\x01a", b"\xff\x00", random.Random(0).randbytes(100)]


@pytest.fixture(scope="module", params=["patient_server", "suspending_server"])
def outside(request: pytest.FixtureRequest, loop: Loop) -> Iterator[Outside]:
    server: RestateServer = request.getfixturevalue(request.param)
    with serving(loop, server, Endpoint(Files(), Report())) as found:
        yield found


def post(
    outside: Outside, handler: str, body: bytes, **headers: str
) -> tuple[int, str | None, bytes]:
    """Send a request as any HTTP client does; return the status, the content type and the body."""
    connection = http.client.HTTPConnection(urlsplit(outside.server.ingress_url).netloc)
    try:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", f"/conformance.v1.Files/{handler}", body, fields)
        response = connection.getresponse()
        return response.status, response.getheader("content-type"), response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("data", [b"", *BYTES])
def test_the_bytes_arrive_and_return_as_they_are(loop: Loop, outside: Outside, data: bytes) -> None:
    files = FilesClient.from_client(outside.client)
    assert loop.run(files.copy(data)) == data


def test_a_handler_calls_and_sends_bytes(loop: Loop, outside: Outside) -> None:
    files = FilesClient.from_client(outside.client)
    for data in BYTES:
        found = loop.run(files.process(data))
        assert found == FileDescription(content_type="text/plain", size=len(data))


def test_what_may_be_anything_is_what_its_sender_says(loop: Loop, outside: Outside) -> None:
    files = FilesClient.from_client(outside.client)
    assert loop.run(files.scan(b"{")).content_type == "application/octet-stream"
    found = loop.run(files.scan(b"{}", headers={"Content-Type": "application/json"}))
    assert found == FileDescription(content_type="application/json", size=2)


def test_one_of_several_types_has_to_be_said(loop: Loop, outside: Outside) -> None:
    files = FilesClient.from_client(outside.client)
    assert loop.run(files.convert(b"x", headers={"content-type": "image/gif"})) == b"image/gif x"
    with pytest.raises(
        ValueError, match=r"Convert takes image/\*: say what the bytes are, such as"
    ):
        loop.run(files.convert(b"x"))
    refusal = r"Content-type 'text/plain' does not match 'image/\*'"
    with pytest.raises(IngressBadRequestError, match=refusal):
        loop.run(files.convert(b"x", headers={"content-type": "text/plain"}))


def test_the_content_types_are_those_of_the_contract(loop: Loop, outside: Outside) -> None:
    async def scenario() -> None:
        octets = "application/octet-stream"
        status, type_, body = await asyncio.to_thread(
            post, outside, "rawEcho", b"{", content_type=octets
        )
        assert (status, type_, body) == (200, octets, b"{")
        status, _, _ = await asyncio.to_thread(
            post, outside, "rawEcho", b"{", content_type="application/json"
        )
        assert status == 400
        _, type_, body = await asyncio.to_thread(
            post, outside, "Make", b'{"size": 3}', content_type="application/json"
        )
        assert (type_, body) == ("text/plain; charset=utf-8", b"aaa")

    loop.run(scenario())


def test_the_answer_to_bytes_is_in_the_encoding_that_is_asked_for(
    loop: Loop, outside: Outside
) -> None:
    async def scenario() -> None:
        # JSON or binary, whatever the bytes look like.
        _, _, body = await asyncio.to_thread(
            post, outside, "Scan", b"[", content_type="application/json", accept="application/json"
        )
        assert body == b'{"contentType":"application/json","size":"1"}'
        for accept in ("*/*", "application/protobuf"):
            _, _, body = await asyncio.to_thread(
                post, outside, "Scan", b"{", content_type="a/b", accept=accept
            )
            assert FileDescription.FromString(body) == FileDescription(content_type="a/b", size=1)

    loop.run(scenario())


def test_a_workflow_of_bytes_is_submitted_and_attached_to(loop: Loop, outside: Outside) -> None:
    async def scenario() -> None:
        report = ReportClient.from_client(outside.client, f"r-{outside.server.ingress_url}")
        run = await report.submit(b"{not json")
        assert await run.attach() == b"{not json"
        assert await report.handle().output() == b"{not json"

    loop.run(scenario())


def test_what_is_no_bytes_is_refused(loop: Loop, outside: Outside) -> None:
    files = FilesClient.from_client(outside.client)
    with pytest.raises(TypeError, match="expected bytes, got str"):
        loop.run(files.copy("text"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
