"""What grows in an endpoint that is never killed, and in its clients, while connections are cut."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tests.soak.census import Census, ask_for_census, open_files, take_census

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.soak.processes import EndpointProcess

__all__ = ["Growth", "Quiet", "look_at"]

MOST_BLOCKS: Final = 0.5
"""How many blocks of Python's memory an invocation may leave behind, in the mean."""
MOST_NATIVE_BYTES: Final = 100.0
"""How many bytes of C libraries it may."""
MOST_RESIDENT_BYTES: Final = 32 * 2**20
"""How much more memory of the machine a worker may have in the end: C gives back large pieces alone."""

_SLACK: Final = {"blocks": 2_000, "native_bytes": 256 * 2**10}
"""What caches take when there are few invocations to divide it by."""
_WARM_UP: Final = 2
"""How many of the first moments do not count: caches fill, and threads start."""
_LOOKS: Final = 100
_PAUSE_SECONDS: Final = 0.2
_NONE_LEFT: Final = (
    "restate_proto.http2.server_connection.ServerConnection",
    "restate_proto.http2.stream.ServerStream",
    "restate_proto.http2.client_connection.ClientConnection",
    "restate_proto.runtime.attempt.Attempt",
)


@dataclass(frozen=True)
class Quiet:
    """A moment in which nothing runs and nobody is connected.

    Attributes:
        invocations: how many there were before.
        workers: what each worker holds.
        clients: what this process holds, with the clients.
        supervisor_files: the file descriptors of the supervisor.
    """

    invocations: int
    workers: Sequence[Census]
    clients: Census
    supervisor_files: int


async def look_at(endpoint: EndpointProcess, invocations: int) -> Quiet:
    """Count what the processes hold, once the connections that were cut have ended."""
    workers: list[Census] = []
    for pid in endpoint.workers():
        census = await ask_for_census(endpoint.directory, pid)
        for _ in range(_LOOKS):
            if not _left(census):
                break
            await asyncio.sleep(_PAUSE_SECONDS)
            census = await ask_for_census(endpoint.directory, pid)
        workers.append(census)
    return Quiet(invocations, workers, take_census(), open_files(endpoint.pid))


@dataclass
class Growth:
    """What was held from one quiet moment to the next.

    Args:
        name: with which HTTP/2 engine.

    Attributes:
        quiets: the moments.
    """

    name: str
    quiets: list[Quiet] = field(default_factory=list[Quiet])

    def describe(self) -> str:
        """Return how much an invocation leaves behind, in the mean."""
        blocks, native = self._slope("blocks"), self._slope("native_bytes")
        resident = self._slope("resident_bytes")
        return f"{blocks:+.2f} blocks, {native:+.0f} B of C, {resident:+.0f} B of the machine"

    def leaks(self) -> list[str]:
        """Return what is left over, or grows by more than it may."""
        first, last = self.quiets[_WARM_UP], self.quiets[-1]
        pairs = {
            f"{self.name}, worker {number}": pair
            for number, pair in enumerate(zip(first.workers, last.workers, strict=True))
        }
        leaks: list[str] = []
        for who, (before, after) in {**pairs, "the clients": (first.clients, last.clients)}.items():
            leaks += [f"{who}: {what} when nothing runs" for what in _left(after)]
            if after.tasks > before.tasks:
                leaks.append(f"{who}: tasks: {before.tasks}, then {after.tasks}")
            if after.files > before.files:
                leaks.append(f"{who}: file descriptors: {before.files}, then {after.files}")
        for who, (before, after) in pairs.items():
            grown = after.resident_bytes - before.resident_bytes
            if grown > MOST_RESIDENT_BYTES:
                leaks.append(f"{who}: {grown / 2**20:.1f} MiB more memory of the machine")
        files = first.supervisor_files, last.supervisor_files
        if files[1] > files[0]:
            leaks.append(f"{self.name}, supervisor: file descriptors: {files[0]}, then {files[1]}")
        if self._grows("blocks", MOST_BLOCKS):
            blocks = f"{self._slope('blocks'):.2f} blocks for each invocation"
            leaks.append(f"{self.name}: {blocks}: {self._classes()}")
        if self._grows("native_bytes", MOST_NATIVE_BYTES):
            native = f"{self._slope('native_bytes'):.0f} B of C for each invocation"
            leaks.append(f"{self.name}: {native}")
        return leaks

    def _grows(self, what: str, most: float) -> bool:
        amounts = self._amounts(what)
        return self._slope(what) > most and amounts[-1] - amounts[0] > _SLACK[what]

    def _amounts(self, what: str) -> list[int]:
        """Return how much all workers together have of something, at each moment that counts."""
        return [
            sum(getattr(each, what) for each in quiet.workers) for quiet in self.quiets[_WARM_UP:]
        ]

    def _slope(self, what: str) -> float:
        """Return the median slope between any two moments, which an outlier does not move."""
        x, y = [quiet.invocations for quiet in self.quiets[_WARM_UP:]], self._amounts(what)
        slopes = sorted(
            (y[j] - y[i]) / (x[j] - x[i]) for i in range(len(x)) for j in range(i + 1, len(x))
        )
        return slopes[len(slopes) // 2]

    def _classes(self) -> str:
        """Return the classes with more instances than before, the largest growth first."""
        grown: dict[str, int] = {}
        for before, after in zip(
            self.quiets[_WARM_UP].workers, self.quiets[-1].workers, strict=True
        ):
            for name, number in after.objects.items():
                grown[name] = grown.get(name, 0) + number - before.objects.get(name, 0)
        most = sorted(grown.items(), key=lambda item: -item[1])[:8]
        return ", ".join(f"{number} {name}" for name, number in most if number > 0) or "no class"


def _left(census: Census) -> list[str]:
    """Return what is left of connections and attempts."""
    return [f"{census.objects[name]} {name}" for name in _NONE_LEFT if census.objects.get(name)]
