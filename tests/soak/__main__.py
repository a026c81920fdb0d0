"""`make soak ARGS="--minutes 10 --seed 1"`: has orders carried out through a storm, and compares the books.

First the storm: processes are killed and replaced by a plan, and connections are cut. Then the calm, with
each engine: connections are cut, but nobody is killed, and what the endpoint holds is counted when nothing
runs. In the end every effect must be there once.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from restate_proto.http2.event_loop import new_event_loop
from restate_proto.testing import find_restate_server
from tests.soak.soak import Options, Soak


def arguments() -> argparse.Namespace:
    """Define the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    bound = parser.add_mutually_exclusive_group()
    bound.add_argument("--minutes", type=float, default=10.0, help="how long; by default 10")
    bound.add_argument("--orders", type=int, help="how many, however long that takes")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the orders, the faults and the cuts"
    )
    parser.add_argument("--engine", choices=("ngh2", "h2", "both"), default="both")
    parser.add_argument("--callers", type=int, default=24, help="how many orders at a time")
    parser.add_argument("--v7", action="store_true", help="service protocol v7 in place of v6")
    parser.add_argument("--stall", type=float, default=0.5, help="seconds of the longest stall")
    parser.add_argument("--patience", type=float, default=300, help="seconds without any answer")
    parser.add_argument("--directory", type=Path, help="where all logs go, and stay")
    return parser.parse_args()


def options(found: argparse.Namespace) -> Options:
    """Return the options of the command line."""
    return Options(
        minutes=found.minutes if found.orders is None else None,
        orders=found.orders,
        seed=found.seed,
        engines=("ngh2", "h2") if found.engine == "both" else (found.engine,),
        callers=found.callers,
        v7=found.v7,
        stall=found.stall,
        patience=found.patience,
    )


async def run(options: Options, directory: Path) -> bool:
    """Run it; when told to stop, end it in an orderly way."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await Soak(options, directory).run()


def main() -> int:
    """Run the program, and return the exit code."""
    found = arguments()
    find_restate_server()  # says what is missing before anything starts
    if found.directory is not None:
        found.directory.mkdir(parents=True)
    directory: Path = found.directory or Path(tempfile.mkdtemp(prefix="soak-"))
    is_right = False
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            is_right = runner.run(run(options(found), directory))
    finally:
        if is_right and found.directory is None:
            shutil.rmtree(directory)
        else:
            sys.stdout.write(f"the logs of the servers and endpoints are in {directory}\n")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main())
