"""The plan of faults depends on the seed, and has all kinds of faults."""

from __future__ import annotations

from itertools import islice

from tests.soak.faults import DECK, Fault, plan


def test_a_seed_repeats_its_plan() -> None:
    first, again = (list(islice(plan(7), 100)) for _ in range(2))
    assert first == again
    assert first != list(islice(plan(8), 100))


def test_a_round_has_every_fault() -> None:
    assert {planned.fault for planned in islice(plan(1), len(DECK))} == set(Fault)
