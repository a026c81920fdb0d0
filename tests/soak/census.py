"""What a serving process holds; a signal makes it write a file."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import linecache
import os
import signal
import sys
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = [
    "CENSUS",
    "Census",
    "ask_for_census",
    "census_on_demand",
    "open_files",
    "resident_bytes",
    "take_census",
]

CENSUS = "SOAK_CENSUS"
"""The environment variable with the directory for the files."""

_OURS = ("restate_proto.", "asyncio.", "_asyncio", "uvloop.", "ngh2", "h2.")


@dataclass(frozen=True)
class Census:
    """What a process holds after a collection of garbage.

    Attributes:
        tasks: the tasks of its event loop.
        files: its file descriptors.
        blocks: the blocks of memory of its Python objects.
        native_bytes: what C libraries have allocated, and Python for large objects.
        resident_bytes: the memory that it has of the machine.
        objects: its objects by class: of this library, asyncio and the HTTP/2 libraries.
    """

    tasks: int
    files: int
    blocks: int
    native_bytes: int
    resident_bytes: int
    objects: dict[str, int]


@asynccontextmanager
async def census_on_demand() -> AsyncGenerator[None]:
    """A lifespan in which the process writes a census at each SIGUSR1."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGUSR1, _write_census)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGUSR1)


async def ask_for_census(directory: Path, pid: int) -> Census:
    """Let a process write a census, and read it.

    Args:
        directory: what the environment variable of the process says.
        pid: the process.

    Raises:
        ProcessLookupError: there is no such process.
    """
    path = directory / f"{pid}.json"
    path.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    while not path.exists():
        os.kill(pid, 0)
        await asyncio.sleep(0.02)
    return Census(**json.loads(path.read_text()))


def open_files(pid: int) -> int:
    """Return the number of file descriptors of a process."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _write_census() -> None:
    pid = os.getpid()
    path = Path(os.environ[CENSUS], f"{pid}.json")
    incomplete = path.with_suffix(".incomplete")
    incomplete.write_text(json.dumps(asdict(take_census())))
    incomplete.rename(path)


def take_census() -> Census:
    """Return what this process holds, called in its event loop."""
    linecache.clearcache()  # the source lines of tracebacks, which come and go with hiccups
    gc.collect()
    pid = os.getpid()
    everything: list[object] = gc.get_objects()
    names = Counter(_name(type(each)) for each in everything)
    return Census(
        tasks=len(asyncio.all_tasks()),
        files=open_files(pid),
        blocks=sys.getallocatedblocks(),
        native_bytes=_native_bytes(),
        resident_bytes=resident_bytes(pid),
        objects={name: number for name, number in names.items() if name.startswith(_OURS)},
    )


def _name(class_: type) -> str:
    return f"{class_.__module__}.{class_.__qualname__}"


class _MallocInfo(ctypes.Structure):
    """`struct mallinfo2` of glibc."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]

    hblkhd: int
    uordblks: int


def _native_bytes() -> int:
    """Return the bytes that malloc has given; 0 without glibc 2.33."""
    with suppress(AttributeError, OSError):
        mallinfo2 = ctypes.CDLL(None).mallinfo2
        mallinfo2.restype = _MallocInfo
        info: _MallocInfo = mallinfo2()
        return info.uordblks + info.hblkhd
    return 0
