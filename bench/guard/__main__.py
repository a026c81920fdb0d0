"""Fail if an invocation takes 25 % more instructions than recorded: `python -m bench.guard`.

The unit is the floor, a minimal endpoint that does the same work. What changes both, such as
another version of Python or of protobuf, is not a regression. Valgrind counts if it is installed,
otherwise Python itself; the record has both.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Final

from bench.guard import bytecode, callgrind
from bench.guard.drive import FLOOR
from bench.guard.ratios import RECORD, Ratios, compare, load, save

ENGINES: Final = ("ngh2",)
WORKLOADS: Final = ["greet", "counter", "run", "call"]
METERS: Final[dict[str, Callable[[list[str], list[str]], dict[tuple[str, str], int]]]] = {
    "callgrind": callgrind.instructions,
    "bytecode": bytecode.instructions,
}


def measure(meter: str) -> Ratios:
    """Return how many floors each workload takes."""
    counted = METERS[meter]([FLOOR, *ENGINES], WORKLOADS)
    return {
        f"{engine} {name}": counted[engine, name] / counted[FLOOR, name]
        for engine in ENGINES
        for name in WORKLOADS
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-guard ARGS=...")
    parser.add_argument("--meter", choices=METERS, help="callgrind, where there is Valgrind")
    parser.add_argument("--record", action="store_true", help="what is measured is the new record")
    arguments = parser.parse_args()
    here = ["callgrind", "bytecode"] if callgrind.is_there() else ["bytecode"]
    if arguments.record:
        meters = [arguments.meter] if arguments.meter else here
        save({meter: measure(meter) for meter in meters})
        print(f"recorded with {' and '.join(meters)}: {RECORD}")
        return 0
    meter = arguments.meter or here[0]
    tool = "instructions of the processor, by Valgrind"
    if meter == "bytecode":
        tool = "instructions of Python and calls of C functions" + (
            "" if arguments.meter else "; Valgrind is not there"
        )
    print(f"counted: {tool}\n{'':16}{'floors':>8}{'recorded':>10}{'change':>9}")
    cells = compare(measure(meter), load(meter))
    for cell in cells:
        verdict = "  a regression" if cell.is_regression else ""
        print(f"{cell.name:16}{cell.now:8.2f}{cell.recorded:10.2f}{cell.change:+9.1%}{verdict}")
    failed = sum(cell.is_regression for cell in cells)
    if failed:
        print(
            "An invocation takes over 25 % more than was recorded. Where that is what is wanted: "
            "make bench-guard ARGS=--record"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
