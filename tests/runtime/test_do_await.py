"""Trees of futures while results arrive: the cases of sdk-shared-core's `do_await`, by their names.

Its machine stops so that an SDK can take one result after the other. Ours goes on, because results
take effect one by one anyway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.runtime.await_trees import (
    WAYS,
    Awaiting,
    Tree,
    all_,
    any_,
    every,
    fails,
    first,
    succeeds,
    unknown,
)
from tests.runtime.case import in_loop

if TYPE_CHECKING:
    from google.protobuf.message import Message

DONE = "done"

# What is awaited, and of what is told before anything has come; then what comes, and what is told.
DO_AWAIT: dict[str, tuple[Tree, Tree, list[tuple[list[Message], Tree | int | str]]]] = {
    "first_completed_returns_first_resolved": (
        first(1, 2),
        first(1, 2),
        [([succeeds(2), succeeds(1)], DONE)],
    ),
    "nested_all_of_first_and_all_progressive": (
        all_(first(1, 2), all_(1, 2, 3)),
        all_(first(1, 2), all_(1, 2, 3)),
        [([succeeds(2)], all_(all_(1, 3))), ([succeeds(1)], 3), ([succeeds(3)], DONE)],
    ),
    "nested_all_of_first_and_all_batch": (
        all_(first(1, 2), all_(1, 2, 3)),
        all_(first(1, 2), all_(1, 2, 3)),
        [([succeeds(2), succeeds(1), succeeds(3)], DONE)],
    ),
    "all_of_two_first_completed_disjoint": (
        all_(first(1, 2), first(2, 3)),
        all_(first(1, 2), first(2, 3)),
        [([succeeds(3)], all_(first(1, 2))), ([succeeds(2)], DONE)],
    ),
    "all_of_two_first_completed_shared_handle_outer_resolves_first": (
        all_(first(1, 2), first(3, 2)),
        all_(first(1, 2), first(3, 2)),
        [([succeeds(3), succeeds(2)], DONE)],
    ),
    "all_of_two_first_completed_shared_handle_resolves_both": (
        all_(first(1, 2), first(3, 2)),
        all_(first(1, 2), first(3, 2)),
        [([succeeds(2)], DONE)],
    ),
    "all_completed_with_unknown_inner": (
        all_(unknown(1, 2), first(3, 2)),
        all_(first(1, 2), first(3, 2)),
        [([succeeds(2)], DONE)],
    ),
    "first_succeeded_or_all_failed_with_unknown_inner": (
        any_(unknown(1, 2), first(3, 2)),
        any_(unknown(1, 2), unknown(3, 2)),
        [([succeeds(2)], DONE)],
    ),
    "all_succeeded_or_first_failed_short_circuits_on_failure": (
        every(first(1, 2), first(3, 4)),
        every(unknown(1, 2), unknown(3, 4)),
        [([fails(2), fails(1), fails(3), fails(4)], DONE)],
    ),
    "all_succeeded_or_first_failed_inner_all_completed_fully_fails": (
        every(all_(1, 2), all_(3, 4)),
        every(all_(1, 2), all_(3, 4)),
        [([fails(2), fails(1)], every(all_(3, 4)))],
    ),
    "all_succeeded_or_first_failed_inner_all_completed_partial_failure": (
        every(all_(1, 2), all_(3, 4)),
        every(all_(1, 2), all_(3, 4)),
        [([fails(2)], every(all_(1), all_(3, 4)))],
    ),
    "all_succeeded_or_first_failed_unknown_shared_handle_batch": (
        every(unknown(1, 2), all_(3, 2)),
        every(unknown(1, 2), all_(3, 2)),
        [([succeeds(3), succeeds(2)], DONE)],
    ),
    "all_succeeded_or_first_failed_unknown_shared_handle_progressive": (
        every(unknown(1, 2), all_(3, 2)),
        every(unknown(1, 2), all_(3, 2)),
        [([succeeds(3)], every(unknown(1, 2), all_(2))), ([succeeds(1)], every(all_(2)))],
    ),
    "all_succeeded_or_first_failed_unknown_disjoint_handles_batch": (
        every(unknown(1, 2), all_(3, 4)),
        every(unknown(1, 2), all_(3, 4)),
        [([succeeds(3), succeeds(4), succeeds(2)], DONE)],
    ),
    "all_succeeded_or_first_failed_unknown_disjoint_handles_progressive": (
        every(unknown(1, 2), all_(3, 4)),
        every(unknown(1, 2), all_(3, 4)),
        [([succeeds(3), succeeds(4)], every(unknown(1, 2))), ([succeeds(2)], DONE)],
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", DO_AWAIT)
@in_loop
async def test_do_await(name: str, way: str) -> None:
    tree, told, steps = DO_AWAIT[name]
    awaiting = Awaiting(tree, way=way)
    assert awaiting.awaiting_on() == told
    for results, then in steps:
        assert not awaiting.is_done
        awaiting.feed(*results)
        if then == DONE:
            assert awaiting.is_done
        else:
            assert awaiting.awaiting_on() == then


@pytest.mark.parametrize("way", WAYS)
@in_loop
async def test_all_completed_partial_resolution_then_suspends(way: str) -> None:
    awaiting = Awaiting(all_(1, 2), succeeds(2), way=way)
    assert awaiting.awaiting_on() == 1
    assert awaiting.suspended_for() == 1


@in_loop
async def test_all_completed_input_closed_before_await() -> None:
    awaiting = Awaiting(all_(1, 2))
    awaiting.feed(succeeds(2))
    assert awaiting.suspended_for() == 1
