"""`python -m tests.differential.server --programs 20000`: plays that many, and says what was played."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys

from tests.differential.server.play import Difference, Servers


def main() -> None:
    """Play, and print the counts; exit with 1 where the servers differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="the first of them")
    parser.add_argument("--version", type=int, default=7, help="the service protocol version")
    parser.add_argument("--suspends", action="store_true", help="each wait is a suspension")
    parser.add_argument("--encodes", action="store_true", help="with a payload codec")
    parser.add_argument("--scopes", action="store_true", help="with scopes and limit keys")
    arguments = parser.parse_args()

    async def play() -> None:
        options = {name: getattr(arguments, name) for name in ("suspends", "encodes", "scopes")}
        async with Servers(arguments.version, **options) as servers:
            try:
                await servers.play(range(arguments.seed, arguments.seed + arguments.programs))
            except Difference as difference:
                sys.exit(str(difference))
            finally:
                print(", ".join(f"{number:,} {what}" for what, number in servers.counts.items()))  # noqa: T201

    logging.getLogger("restate_proto").setLevel(logging.ERROR)  # attempts are made to fail
    asyncio.run(play())


if __name__ == "__main__":
    main()
