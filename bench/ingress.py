"""Compares HTTP clients below `IngressClient`: `python -m bench.ingress [--rounds N]`.

Each contender makes the same calls to the same ingress, which answers at once; what differs is the
client that sends the requests. The ingress runs on one core and the client on another. What is
measured is the client's own CPU time. Every round measures every contender once, one after another,
so that a slow spell of the machine hits all of them; ratios count, absolute times do not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from bench.endpoint import ROOT, environment, pinned, served
from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from restate_proto import IngressClient, Target
from restate_proto.http2 import Response
from restate_proto.ingress.sender import HttpSender

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.ingress.sender import Transport

GREET = Target.service("benchmark.v1.Greeter", "Greet")
CONTENDERS = {"ngh2": 12_000, "h2": 5_000, "httpx": 1_500, "httpcore": 2_000}
"""The calls that each makes in a round, so that it takes a second or two."""
REFERENCE = "httpcore"


class Httpx:
    """`httpx` with HTTP/2 by prior knowledge, on one connection."""

    def __init__(self, url: str) -> None:
        import httpx  # noqa: PLC0415 - for this contender alone

        limits = httpx.Limits(max_connections=256, max_keepalive_connections=256)
        self._client = httpx.AsyncClient(
            base_url=url, http1=False, http2=True, timeout=None, limits=limits, trust_env=False
        )

    async def request(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        timeout: float | None,  # noqa: ASYNC109 - calls of handlers have none
    ) -> Response:
        response = await self._client.request(method, path, headers=headers, content=body)
        return Response(response.status_code, response.headers.raw, response.content)

    async def close(self) -> None:
        await self._client.aclose()


class Httpcore:
    """`httpcore`, which is what `httpx` sends with."""

    def __init__(self, url: str) -> None:
        import httpcore  # noqa: PLC0415 - for this contender alone

        self._url = url
        self._pool = httpcore.AsyncConnectionPool(http1=False, http2=True, max_connections=256)

    async def request(
        self,
        method: str,
        path: str,
        headers: Sequence[tuple[bytes, bytes]],
        body: bytes,
        *,
        timeout: float | None,  # noqa: ASYNC109 - calls of handlers have none
    ) -> Response:
        fields = [*headers, (b"content-length", str(len(body)).encode())]
        response = await self._pool.request(method, self._url + path, headers=fields, content=body)
        return Response(response.status, response.headers, response.content)

    async def close(self) -> None:
        await self._pool.aclose()


def make_client(contender: str, url: str) -> IngressClient:
    """An `IngressClient` that sends its requests with a contender."""
    if contender in {"ngh2", "h2"}:
        return IngressClient(url, engine=contender)
    transport: Transport = Httpx(url) if contender == "httpx" else Httpcore(url)
    client = IngressClient(url)
    client.senders = replace(client.senders, ingress=HttpSender(transport))
    return client


async def load(contender: str, url: str, calls: int, in_flight: int) -> float:
    """The CPU microseconds of a call."""
    request, response = GreetRequest(name="Ada"), GreetResponse(greeting="Hello Ada")

    async def call_in_turn(client: IngressClient, count: int) -> None:
        for _ in range(count):
            assert await client.call(GREET, request, GreetResponse) == response

    async def call(client: IngressClient, count: int) -> None:
        tasks = (call_in_turn(client, count // in_flight) for _ in range(in_flight))
        await asyncio.gather(*tasks)

    async with make_client(contender, url) as client:
        await call(client, max(calls // 5, in_flight))
        started = time.process_time()
        await call(client, calls)
        return (time.process_time() - started) / (calls // in_flight * in_flight) * 1e6


def measure(contender: str, url: str, in_flight: int) -> float:
    """The CPU microseconds of a call, in a process of its own."""
    calls = CONTENDERS[contender] if in_flight > 1 else CONTENDERS[contender] // 2
    arguments = ["--load", contender, "--url", url, "--calls", str(calls)]
    command = [*pinned(1), sys.executable, "-m", "bench.ingress", *arguments]
    done = subprocess.run(
        [*command, "--in-flight", str(in_flight)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return float(json.loads(done.stdout))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ingress")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--in-flight", type=int, action="append")
    parser.add_argument("--only", choices=CONTENDERS, action="append")
    for name in ("--load", "--url", "--calls"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.load:
        (in_flight,) = arguments.in_flight
        print(asyncio.run(load(arguments.load, arguments.url, int(arguments.calls), in_flight)))
        return
    contenders: list[str] = arguments.only or list(CONTENDERS)
    with served((sys.executable, "-m", "bench.servers.ingress", "{port}")) as (_, port):
        url = f"http://127.0.0.1:{port}"
        for in_flight in arguments.in_flight or [1, 64]:
            samples: dict[str, list[float]] = {contender: [] for contender in contenders}
            for _ in range(arguments.rounds):
                for contender in contenders:
                    samples[contender].append(measure(contender, url, in_flight))
            report(f"{in_flight} in flight", samples)


def report(title: str, samples: dict[str, list[float]]) -> None:
    """Print the medians, and how much more each takes than the reference, round by round."""
    base = samples.get(REFERENCE)
    print(f"\n{title}\n  {'':12}{'CPU us':>8}{'min-max':>14}{'ratio':>8}{'min-max':>14}")
    for contender, runs in samples.items():
        ratios = [one / other for one, other in zip(runs, base or runs, strict=True)]
        print(
            f"  {contender:12}{statistics.median(runs):8.0f}"
            f"{f'{min(runs):.0f}-{max(runs):.0f}':>14}{statistics.median(ratios):8.2f}"
            f"{f'{min(ratios):.2f}-{max(ratios):.2f}':>14}"
        )


if __name__ == "__main__":
    main()
