"""Count the processor's instructions with Valgrind's callgrind.

A process runs about 50 times slower while callgrind counts, and 5 times slower otherwise. Therefore
the process itself says when to begin, by a *client request*: a sequence of instructions without
effect that Valgrind recognises as a call.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

__all__ = ["Callgrind", "instructions", "is_there"]

# valgrind.h, "Architecture specifics", for amd64: rdi is turned by 128 bits in all. Around it, the
# pointer to the request comes in rdi and has to be in rax, and rdx has the default of the answer.
_MACHINES: Final = {"x86_64", "AMD64"}
_REQUEST: Final = bytes.fromhex(
    "4889f8 31d2"  # mov rax, rdi; xor edx, edx
    "48c1c703 48c1c70d 48c1c73d 48c1c733 4887db"  # rol rdi, 3, 13, 61, 51; xchg rbx, rbx
    "4889d0 c3"  # mov rax, rdx; ret
)
# callgrind.h
_BASE: Final = ord("C") << 24 | ord("T") << 16
_DUMP, _ZERO, _START = _BASE, _BASE + 1, _BASE + 4

_SECONDS: Final = 300


class Callgrind:
    """A meter for a process below Valgrind, which writes each count to a file of its own."""

    def __init__(self) -> None:
        self._code = mmap.mmap(
            -1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        )
        self._code.write(_REQUEST)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._code))
        self._send = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p)(address)
        self._is_counting = False

    def _request(self, number: int) -> None:
        self._send(ctypes.byref((ctypes.c_size_t * 6)(number)))

    def start(self) -> None:
        if not self._is_counting:
            self._is_counting = True
            self._request(_START)
        self._request(_ZERO)

    def stop(self) -> None:
        self._request(_DUMP)


def is_there() -> bool:
    """Return whether Valgrind is installed on a machine whose client requests this module knows."""
    return shutil.which("valgrind") is not None and platform.machine() in _MACHINES


def instructions(engines: list[str], names: list[str]) -> dict[tuple[str, str], int]:
    """Count the instructions of workloads on engines, by engine and workload.

    Raises:
        RuntimeError: the process failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *("valgrind", "--tool=callgrind", "--instr-atstart=no"),
            f"--callgrind-out-file={folder}/out",
            *(sys.executable, "-m", "bench.guard.below_valgrind", ",".join(engines), *names),
        ]
        done = subprocess.run(
            command,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"below valgrind: {done.stderr[-2_000:]}")
        cells = [(engine, name) for engine in engines for name in names]
        return {
            cell: _total(Path(folder, f"out.{number}"))
            for number, cell in enumerate(cells, start=1)
        }


def _total(path: Path) -> int:
    found = re.search(r"^(?:summary|totals): (\d+)", path.read_text(), re.MULTILINE)
    assert found is not None, f"{path} is no file of callgrind's"
    return int(found[1])
