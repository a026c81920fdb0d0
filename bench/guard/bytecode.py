"""Count Python's bytecode instructions and the calls of C functions, which needs no tool.

The work inside a C function is not counted: only Valgrind sees that of protobuf and libnghttp2.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import uvloop

from bench.guard import drive

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Bytecode", "instructions"]


class Bytecode:
    """A meter of this thread that leaves out the instructions of `drive` itself.

    Attributes:
        counted: the instructions and calls between the last `start` and `stop`.
    """

    def __init__(self) -> None:
        self.counted = 0

    def start(self) -> None:
        self.counted = 0
        sys.setprofile(self._count_calls)
        sys.settrace(self._trace)

    def stop(self) -> None:
        sys.settrace(None)
        sys.setprofile(None)

    def _count_calls(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "c_call" and frame.f_code.co_filename != drive.__file__:
            self.counted += 1

    def _trace(self, frame: FrameType, _event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename == drive.__file__:
            return None
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return self._count_instructions

    def _count_instructions(self, _frame: FrameType, event: str, _argument: Any) -> Any:
        if event == "opcode":
            self.counted += 1
        return self._count_instructions


class _Recorder(Bytecode):
    """A meter that keeps the count of every measurement."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[int] = []

    def stop(self) -> None:
        super().stop()
        self.all.append(self.counted)


def instructions(engines: list[str], names: list[str]) -> dict[tuple[str, str], int]:
    """Count the instructions of workloads on engines, by engine and workload."""
    meter = _Recorder()
    uvloop.run(
        drive.count_all(meter, engines, names)
    )  # uvloop, since asyncio's own loop is Python code and would be counted
    cells = [(engine, name) for engine in engines for name in names]
    return dict(zip(cells, meter.all, strict=True))
