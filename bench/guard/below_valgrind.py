"""The program that Valgrind runs: `python -m bench.guard.below_valgrind ENGINE,... WORKLOAD ...`."""

from __future__ import annotations

import sys

import uvloop

from bench.guard.callgrind import Callgrind
from bench.guard.drive import count_all

if __name__ == "__main__":
    uvloop.run(count_all(Callgrind(), sys.argv[1].split(","), sys.argv[2:]))
