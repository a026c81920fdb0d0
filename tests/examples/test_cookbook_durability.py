"""The programs of the cookbook that need a real server: one whose process is killed, one with rules."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from cookbook.v1.provider_pb2 import DocumentRequest
from cookbook.v1.provider_restate import DocumentsClient
from cookbook.v1.trip_pb2 import BookTripRequest
from cookbook.v1.trip_restate import TripsClient
from examples.cookbook.rate_limit import SCOPE, Documents, Provider
from restate_proto import Endpoint, IngressClient, TerminalError
from restate_proto.testing import RestateServer, restate_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
BOOK = "BOOK_OF_THE_AGENCY"

# An endpoint whose process is killed once at each booking and each cancellation, as soon as the agency
# has done it: before Restate gets to know. The agency's book is a folder.
KILLED = f"""
import os
import signal
from pathlib import Path

from examples.cookbook.saga import Trips
from restate_proto import Endpoint, TerminalError

book = Path(os.environ["{BOOK}"])


def die_once(what: str) -> None:
    mark = book / f"died-{{what}}"
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


class Agency:
    async def book(self, booking_id: str, what: str) -> None:
        if what.startswith("car"):
            raise TerminalError("there is no car left", code=409)
        (book / f"booked-{{booking_id}}").write_text(what)
        die_once("at-" + what.partition(" ")[0])

    async def cancel(self, booking_id: str) -> None:
        booking = book / f"booked-{{booking_id}}"
        if booking.exists():
            with (book / "cancelled").open("a") as cancelled:
                cancelled.write(booking.read_text().partition(" ")[0] + "\\n")
            booking.unlink()
        die_once("cancelling-" + booking_id)


Endpoint(Trips(Agency())).serve(f"127.0.0.1:{{os.environ['ENDPOINT_PORT']}}")
"""


class Killed:
    """A process that is started again whenever it has been killed."""

    def __init__(self, script: Path, port: int, book: Path) -> None:
        self.deaths = 0
        self._environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "generated")]),
            "ENDPOINT_PORT": str(port),
            BOOK: str(book),
        }
        self._script = script
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, self._script], env=self._environ)

    async def revive(self) -> None:
        """Start the process again whenever it has died."""
        while True:
            await asyncio.to_thread(self._process.wait)
            self.deaths += 1
            self._process = self._start()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


async def listens(port: int) -> None:
    """Return once something listens at the port."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return


def test_a_trip_is_undone_although_the_process_is_killed_at_each_step(
    restate_server: RestateServer, tmp_path: Path
) -> None:
    book = tmp_path / "book"
    book.mkdir()
    script = tmp_path / "endpoint.py"
    script.write_text(KILLED, "utf-8")

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]

    async def scenario() -> None:
        killed = Killed(script, port, book)
        reviving = asyncio.create_task(killed.revive())
        try:
            await listens(port)
            await restate_server.register(f"http://127.0.0.1:{port}")
            async with IngressClient(restate_server.ingress_url) as client:
                trips = TripsClient.from_client(client)
                with pytest.raises(TerminalError, match="no car left"):
                    await trips.book(BookTripRequest(traveller="ada", city="Rome"))
        finally:
            reviving.cancel()
            killed.end()
        # At two bookings, and at three cancellations: that of the car had nothing to cancel.
        assert killed.deaths == 5
        assert not list(book.glob("booked-*"))
        assert (book / "cancelled").read_text().split() == ["hotel", "flight"]

    asyncio.run(scenario())


@pytest.fixture(scope="module")
def server_with_rules() -> Iterator[RestateServer]:
    env = {"RESTATE_EXPERIMENTAL_ENABLE_VQUEUES": "true"}
    with RestateServer(protocol_v7=True, env=env) as server:
        yield server


def put_rules(server: RestateServer, rules: list[dict[str, object]]) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.admin_url).netloc)
    headers = {"content-type": "application/json"}
    connection.request("PUT", "/limits/rules", json.dumps(rules), headers)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    connection.close()


def test_a_provider_is_asked_by_few_at_once(server_with_rules: RestateServer) -> None:
    running: list[str] = []
    most: dict[str, int] = {"ada": 0, "bea": 0, "all": 0}

    async def translate(text: str) -> str:
        running.append(text[:3])
        for who in ("ada", "bea"):
            most[who] = max(most[who], running.count(who))
        most["all"] = max(most["all"], len(running))
        await asyncio.sleep(0.02)  # the others have time to come, if they may
        running.remove(text[:3])
        return text.upper()

    async def ask(client: IngressClient, customer: str) -> list[str]:
        paragraphs = [f"{customer} {number}" for number in range(8)]
        documents = DocumentsClient.from_client(client)
        request = DocumentRequest(customer=customer, paragraphs=paragraphs)
        return list((await documents.translate(request)).paragraphs)

    async def scenario() -> None:
        put_rules(
            server_with_rules,
            [
                {"pattern": SCOPE, "limits": {"concurrency": 2}},
                {"pattern": f"{SCOPE}/*", "limits": {"concurrency": 1}},
            ],
        )
        endpoint = Endpoint(Documents(), Provider(translate))
        async with restate_environment(endpoint, server=server_with_rules) as env:
            adas, beas = await asyncio.gather(ask(env.client, "ada"), ask(env.client, "bea"))
        assert adas == [f"ADA {number}" for number in range(8)]
        assert beas == [f"BEA {number}" for number in range(8)]
        assert most == {"ada": 1, "bea": 1, "all": 2}

    asyncio.run(scenario())
