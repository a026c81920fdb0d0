"""`python -m tests.differential --handlers 10000 --seed 1`: plays that many, and says what was played."""

from __future__ import annotations

import argparse

from tests.differential.play import play


def main() -> None:
    """Play, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--handlers", type=int, default=10_000, help="how many")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first")
    arguments = parser.parse_args()
    counts = play(range(arguments.seed, arguments.seed + arguments.handlers))
    print(", ".join(f"{number:,} {what}" for what, number in counts.items()), "and no difference")  # noqa: T201


if __name__ == "__main__":
    main()
