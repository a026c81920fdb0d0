"""Plays random handlers on both state machines, and counts."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.differential.course import Difference, damaged, invoke, replay
from tests.differential.handler import change, draw
from tests.protocol.case import failure, value
from tests.restate import Restate

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["play"]

_STATES: list[dict[bytes, bytes]] = [{}, {b"k0": b"0"}, {b"k0": b"0", b"k1": b"", b"other": b"x"}]
_UNREADABLE = {500, 571}


def play(seeds: Iterable[int]) -> Counter[str]:
    """Play a handler for each seed: run it, replay every prefix, change it, damage its request.

    Returns:
        How much was played.

    Raises:
        Difference: with the seed, where the two have done different things.
    """
    counts: Counter[str] = Counter()
    for seed in seeds:
        try:
            _play(Random(seed), counts)
        except Difference as difference:
            raise Difference(f"seed {seed}: {difference}") from difference
    return counts


def _play(random: Random, counts: Counter[str]) -> None:
    operations = draw(random)
    restate = Restate(
        random.choice((5, 6, 7)),
        random.choice(_STATES),
        partial=random.random() < 0.5,
        outcome=lambda: random.choice((value(b"result"), failure(409, "no"))),
    )
    invoke(restate, operations, random, cancel=random.random() < 0.3)
    counts["handlers"] += 1
    for length in range(1, len(restate.journal) + 1):
        replay(restate, operations, length, random, follows=random.random() < 0.7)
        counts["replays"] += 1
    changed = change(operations, random)
    last = replay(restate, changed, len(restate.journal), random, follows=False)
    counts["changes found" if isinstance(last, pb.ErrorMessage) else "changes without effect"] += 1
    ours, official = damaged(restate, operations, random)
    counts["damaged requests"] += 1
    if not _fit(ours, official):
        raise Difference(
            f"a damaged request: ours ends with {ours}, the official one with {official}"
        )


def _fit(ours: object, official: object) -> bool:
    """Whether two ends of a damaged request are alike, or a difference that is known."""
    if not isinstance(ours, pb.ErrorMessage):  # an unknown field, to protobuf
        return not isinstance(official, pb.ErrorMessage) or official.code in _UNREADABLE
    if not isinstance(official, pb.ErrorMessage):
        return ours.code in {570, 571}
    return ours.code == official.code or bool({ours.code, official.code} & _UNREADABLE)
