"""The effects of runs outside Restate: lines of a file, which no crash undoes."""

from __future__ import annotations

import os
import random
from collections import defaultdict
from functools import cache
from pathlib import Path

__all__ = ["EFFECTS", "Hiccup", "effect", "read_effects"]

EFFECTS = "SOAK_EFFECTS"
"""The environment variable with the file's path."""

_HICCUPS = 0.1
"""How often a run fails, before its effect or after it."""


class Hiccup(Exception):  # noqa: N818 - what users call such things
    """A failure that may not happen at the next try."""

    @staticmethod
    def perhaps() -> None:
        """Raise a hiccup at times, at random for each try."""
        if random.random() < _HICCUPS:
            raise Hiccup("try again")


def effect(id_: str) -> str:
    """Have an effect outside of Restate.

    Args:
        id_: the effect's id.

    Returns:
        The token of this execution, which no other has.
    """
    Hiccup.perhaps()
    token = f"{os.getpid()}-{random.getrandbits(64):016x}"
    os.write(_log(), f"{id_} {token}\n".encode())  # a whole line at once, also beside others
    Hiccup.perhaps()
    return token


def read_effects(path: Path) -> dict[str, list[str]]:
    """Return the tokens of all executions, by effect."""
    tokens: dict[str, list[str]] = defaultdict(list)
    for line in path.read_text().splitlines():
        id_, token = line.split()
        tokens[id_].append(token)
    return tokens


@cache
def _log() -> int:
    return os.open(os.environ[EFFECTS], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
