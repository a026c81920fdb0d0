"""Measure endpoints, clients and tools: `python -m bench [--workloads ...] [--peers ...]`.

Only ratios within one run are meaningful; absolute times depend more on the machine than on the
code.
"""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Final

from bench.clients.rounds import client_rounds
from bench.page import write
from bench.peers import PEERS, prepared
from bench.processes import ROOT
from bench.report import print_results
from bench.results import Results
from bench.rounds import Cell, park_rounds, play_rounds
from bench.startup import start_rounds
from bench.tools import tool_seconds
from bench.workloads import WORKLOADS

PAGE: Final = ROOT / "docs/performance.md"
CLIENTS: Final = ("ngh2", "h2", "grpc", "sdk")
CALLERS: Final = (16, 1)
MANY, INGRESS, START, TOOLS = "many", "clients", "start", "tools"
EVERYTHING: Final = (*WORKLOADS, MANY, INGRESS, START, TOOLS)


def main() -> int:
    names = [peer.name for peer in PEERS]
    parser = argparse.ArgumentParser(prog="make bench ARGS=...")
    parser.add_argument("--workloads", default=",".join(EVERYTHING), help="with commas")
    parser.add_argument("--peers", default=",".join(names), help=f"of {','.join(names)}")
    parser.add_argument("--in-flight", default="32,1", help="with commas")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parked", type=int, default=10_000, help="of the workload many")
    parser.add_argument("--version", type=int, choices=[5, 6, 7], default=6)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _stop)
    workloads = _chosen(arguments.workloads, EVERYTHING)
    chosen = _chosen(arguments.peers, names)
    if arguments.write and (len(workloads) < len(EVERYTHING) or len(chosen) < len(names)):
        sys.exit("--write: the page has all workloads and all peers")
    _tell("building")
    peers, left_out = prepared(chosen)
    rounds = arguments.rounds
    results = Results(peers, left_out, rounds)
    cells: list[Cell] = [
        (name, int(each))
        for name in workloads
        if name in WORKLOADS
        for each in arguments.in_flight.split(",")
    ]
    if cells:
        played = play_rounds(peers, cells, rounds, arguments.version, _tell)
        results.samples, results.memory = played
    if MANY in workloads:
        results.parked = park_rounds(peers, arguments.parked, arguments.version, _tell)
    if INGRESS in workloads:
        results.clients = client_rounds(CLIENTS, CALLERS, rounds, _tell)
    if START in workloads:
        results.starts = start_rounds(peers, rounds, _tell)
    if TOOLS in workloads:
        results.tools = tool_seconds(_tell)
    _tell("")
    print_results(results)
    if arguments.write:
        write(results, PAGE)
        print(f"wrote {PAGE}")
    return 0


def _stop(number: int, _frame: object) -> None:
    """End the program on SIGTERM as on Ctrl-C, so that it stops the processes it started."""
    sys.exit(128 + number)


def _chosen(text: str, known: tuple[str, ...] | list[str]) -> list[str]:
    chosen = text.split(",")
    unknown = [name for name in chosen if name not in known]
    if unknown:
        sys.exit(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
    return chosen


def _tell(text: str) -> None:
    print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
