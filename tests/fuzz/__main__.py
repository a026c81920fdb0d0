"""Try each property on many examples: `python -m tests.fuzz --examples 100000 --seed 1`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest


def main() -> int:
    """Run the properties on new examples, and return pytest's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000, help="of each property, about")
    parser.add_argument("--seed", type=int, default=0, help="the seed of all")
    options, more = parser.parse_known_args()
    # Read by examples.py, which is not imported here: pytest has to load hypothesis itself.
    os.environ["FUZZ_EXAMPLES"] = str(options.examples)
    limits = ["--timeout", "0", f"--hypothesis-seed={options.seed}", "--hypothesis-show-statistics"]
    return pytest.main([str(Path(__file__).parent), *limits, *more])


if __name__ == "__main__":
    sys.exit(main())
