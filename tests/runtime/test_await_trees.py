"""Trees of futures: when they are done, what Restate is told of them, and when it resumes the handler.

The cases are those of sdk-shared-core's `async_results_state`, under their names. An `unknown` of it
is what only the SDK can tell the outcome of: here, `race(...).map(...)`.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.await_trees import (
    AWAKEABLES,
    COMBINE,
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

TRY_RESOLVE: dict[str, tuple[Tree | int, list[Message], Tree | int | str]] = {
    "single_succeeded": (1, [succeeds(1)], DONE),
    "single_failed": (1, [fails(1)], DONE),
    "single_pending": (1, [], 1),
    # ---- The first that is done ----
    "first_completed_none_ready": (first(1, 2, 3), [], first(1, 2, 3)),
    "first_completed_one_succeeded": (first(1, 2, 3), [succeeds(2)], DONE),
    "first_completed_one_failed": (first(1, 2, 3), [fails(1)], DONE),
    "first_completed_with_unknown_resolves": (first(1, unknown(2)), [succeeds(2)], DONE),
    "first_completed_unknown_wrapping_combinator_resolves_on_leaf": (
        first(unknown(all_(1, 2)), 3),
        [succeeds(3)],
        DONE,
    ),
    "first_completed_unknown_wrapping_combinator_partial_inner": (
        first(unknown(all_(1, 2)), 3),
        [succeeds(1)],
        first(2, 3),
    ),
    "first_completed_unknown_wrapping_combinator_inner_done": (
        first(unknown(all_(1, 2)), 3),
        [succeeds(1), succeeds(2)],
        DONE,
    ),
    "deep_unknown_not_prematurely_resolved": (
        first(unknown(all_(1, unknown(2)))),
        [succeeds(1)],
        2,
    ),
    "deep_unknown_resolves_when_all_done": (
        first(unknown(all_(1, unknown(2)))),
        [succeeds(1), succeeds(2)],
        DONE,
    ),
    # ---- All, whatever comes of them ----
    "all_completed_none_ready": (all_(1, 2, 3), [], all_(1, 2, 3)),
    "all_completed_partial": (all_(1, 2, 3), [succeeds(1), fails(3)], 2),
    "all_completed_all_done": (all_(1, 2), [succeeds(1), fails(2)], DONE),
    "all_completed_with_unknown_partial": (all_(1, unknown(2)), [succeeds(1)], 2),
    "all_completed_with_unknown_all_done": (
        all_(1, unknown(2)),
        [succeeds(1), succeeds(2)],
        DONE,
    ),
    # ---- The first that succeeds ----
    "first_succeeded_or_all_failed_none_ready": (any_(1, 2, 3), [], any_(1, 2, 3)),
    "first_succeeded_or_all_failed_one_succeeded": (any_(1, 2, 3), [succeeds(2)], DONE),
    "first_succeeded_or_all_failed_some_failed_some_pending": (
        any_(1, 2, 3),
        [fails(1)],
        any_(2, 3),
    ),
    "first_succeeded_or_all_failed_all_failed": (any_(1, 2), [fails(1), fails(2)], DONE),
    "fsaf_asff_unknown_success": (
        any_(1, every(2, unknown(3))),
        [succeeds(3)],
        any_(1, 2),
    ),
    "fsaf_asff_unknown_failure": (any_(1, every(2, unknown(3))), [fails(3)], 1),
    "nested_fsaf_asff_partial": (
        any_(1, every(2, unknown(3))),
        [fails(1)],
        any_(every(2, unknown(3))),
    ),
    "fsaf_with_nested_unknown_in_all_completed": (
        any_(1, all_(2, unknown(3))),
        [succeeds(3)],
        any_(1, all_(2)),
    ),
    "fsaf_unknown_asff_resolves_when_inner_done": (
        any_(1, unknown(every(2, 3))),
        [succeeds(2), succeeds(3)],
        DONE,
    ),
    "fsaf_unknown_asff_inner_failure_resolves": (any_(1, unknown(every(2, 3))), [fails(2)], 1),
    "fsaf_unknown_asff_inner_partial": (
        any_(1, unknown(every(2, 3))),
        [succeeds(2)],
        any_(1, unknown(3)),
    ),
    # ---- All, or the first that fails ----
    "all_succeeded_or_first_failed_none_ready": (every(1, 2, 3), [], every(1, 2, 3)),
    "all_succeeded_or_first_failed_all_succeeded": (
        every(1, 2),
        [succeeds(1), succeeds(2)],
        DONE,
    ),
    "all_succeeded_or_first_failed_one_failed": (every(1, 2, 3), [fails(2)], DONE),
    "all_succeeded_or_first_failed_some_succeeded_some_pending": (
        every(1, 2, 3),
        [succeeds(1)],
        every(2, 3),
    ),
    "promise_all_short_circuits_on_nested_failure": (every(every(1, 2), 3), [fails(2)], DONE),
    "asff_with_unknown_shortcircuits": (every(1, unknown(2)), [fails(2)], DONE),
    "asff_unknown_fsaf_resolves_on_leaf": (
        every(1, unknown(2, any_(3, 4))),
        [succeeds(1)],
        every(unknown(2, any_(3, 4))),
    ),
    "asff_unknown_fsaf_resolves_on_inner_fsaf_success": (
        every(1, unknown(2, any_(3, 4))),
        [succeeds(3)],
        1,
    ),
    "asff_unknown_fsaf_failure_doesnt_resolve": (
        every(1, unknown(2, any_(3, 4))),
        [fails(3)],
        every(1, unknown(2, 4)),
    ),
    "asff_unknown_fsaf_all_inner_fail": (
        every(1, unknown(2, any_(3, 4))),
        [fails(3), fails(4)],
        DONE,
    ),
    "asff_unknown_fsaf_pending": (
        every(1, unknown(2, any_(3, 4))),
        [],
        every(1, unknown(2, any_(3, 4))),
    ),
    "asff_unknown_all_completed_with_unknown_partial_1": (
        every(1, unknown(all_(2, unknown(3)))),
        [succeeds(1)],
        every(unknown(all_(2, 3))),
    ),
    "asff_unknown_all_completed_with_unknown_partial_2": (
        every(1, unknown(all_(2, unknown(3)))),
        [succeeds(2)],
        every(1, unknown(3)),
    ),
    "asff_unknown_all_completed_with_unknown_shortcircuits_failure": (
        every(1, unknown(all_(2, unknown(3)))),
        [fails(1)],
        DONE,
    ),
    "asff_unknown_all_completed_with_unknown_all_done": (
        every(1, unknown(all_(2, unknown(3)))),
        [succeeds(2), succeeds(3)],
        1,
    ),
    "asff_with_nested_first_completed": (every(first(1, 2), first(3, 4)), [fails(2)], DONE),
    "asff_with_nested_all_completed": (
        every(all_(1, 2), all_(3, 4)),
        [fails(1), fails(2)],
        every(all_(3, 4)),
    ),
    "asff_with_nested_all_completed_only_one_resolved": (
        every(all_(1, 2), all_(3, 4)),
        [fails(1)],
        every(all_(2), all_(3, 4)),
    ),
    # ---- What only the handler can tell ----
    "unknown_none_ready": (unknown(1, 2), [], first(1, 2)),
    "unknown_one_ready": (unknown(1, 2), [succeeds(2)], DONE),
    # ---- One below the other ----
    "nested_all_inside_first_completed": (first(all_(1, 2), 3), [succeeds(3)], DONE),
    "nested_first_completed_inside_all_partial": (
        all_(first(1, 2), first(3, 4)),
        [succeeds(1)],
        all_(first(3, 4)),
    ),
    "nested_first_completed_inside_all_complete": (
        all_(first(1, 2), first(3, 4)),
        [succeeds(1), succeeds(4)],
        DONE,
    ),
    "nested_asff_inside_all_partial": (
        all_(every(1, 2), first(3, 4)),
        [fails(1)],
        all_(first(3, 4)),
    ),
    "nested_fsaf_inside_all_partial": (
        all_(any_(1, 2), first(3, 4)),
        [succeeds(1)],
        all_(first(3, 4)),
    ),
    # ---- The same one several times ----
    "duplicated_leaf_in_all_completed": (all_(1, 1), [succeeds(1)], DONE),
    "duplicated_leaf_in_first_completed": (first(1, 1, 2), [succeeds(1)], DONE),
    "duplicated_leaf_failure_in_promise_all": (every(1, 1, 2), [fails(1)], DONE),
    "duplicated_leaf_success_in_promise_any": (any_(1, 1), [succeeds(1)], DONE),
    "duplicated_leaf_across_nested_combinators": (
        all_(first(1, 2), first(1, 3)),
        [succeeds(1)],
        DONE,
    ),
    "duplicated_subtree_all_succeeded": (
        all_(every(1, 2), every(1, 2)),
        [succeeds(1), succeeds(2)],
        DONE,
    ),
    "duplicated_subtree_with_failure": (
        all_(every(1, 2), every(1, 2)),
        [fails(1)],
        DONE,
    ),
    "duplicated_leaf_with_unknown_in_all_completed": (
        all_(1, unknown(1, 2)),
        [succeeds(1)],
        DONE,
    ),
    "duplicated_leaf_partial_resolution": (all_(1, 2, 1), [succeeds(1)], 2),
}


@pytest.mark.parametrize("name", TRY_RESOLVE)
@in_loop
async def test_try_resolve(name: str) -> None:
    tree, results, expected = TRY_RESOLVE[name]
    awaiting = Awaiting(tree, *results)
    if expected == DONE:
        assert awaiting.is_done
    else:
        assert awaiting.suspended_for() == expected


# ---- What Restate makes of the tree ----


class Verdict(Enum):
    PENDING = auto()
    SUCCESS = auto()
    FAILURE = auto()
    EITHER = auto()


class ResumedError(Exception):
    """Restate cannot decide, and leaves the decision to the handler."""


def restate_resumes(tree: Tree, results: dict[int, bool]) -> bool:
    """Return whether Restate resumes a handler that was suspended with this tree.

    Args:
        tree: what the suspension says.
        results: what the journal has: whether it is a success, by number.
    """
    try:
        return verdict(tree, results) is not Verdict.PENDING
    except ResumedError:
        return True


def verdict(tree: Tree | int, results: dict[int, bool]) -> Verdict:
    """Return the resolution of Restate's `UnresolvedFuture`, written down a second time."""
    if isinstance(tree, int):
        if tree not in results:
            return Verdict.PENDING
        return Verdict.SUCCESS if results[tree] else Verdict.FAILURE
    verdicts = [verdict(child, results) for child in tree.children]
    ended = [each for each in verdicts if each is not Verdict.PENDING]
    all_ended = len(ended) == len(verdicts)
    match tree.combinator:
        case "COMBINATOR_TYPE_UNKNOWN":
            return Verdict.EITHER if ended else Verdict.PENDING
        case "FIRST_COMPLETED":
            return ended[0] if ended else Verdict.PENDING
        case "ALL_COMPLETED":
            return Verdict.SUCCESS if all_ended else Verdict.PENDING
        case "FIRST_SUCCEEDED_OR_ALL_FAILED":
            early, late = Verdict.SUCCESS, Verdict.FAILURE
        case _:
            early, late = Verdict.FAILURE, Verdict.SUCCESS
    for each in ended:
        if each is early:
            return early
        if each is Verdict.EITHER:
            raise ResumedError
    return late if all_ended else Verdict.PENDING


NUMBERS = range(1, AWAKEABLES + 3)
"""The awakeables, and the first timers."""
trees = st.recursive(
    st.integers(1, AWAKEABLES),
    lambda inner: st.builds(
        Tree, st.sampled_from(sorted(COMBINE)), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=8,
)


def timers_of(tree: Tree | int) -> int:
    if isinstance(tree, int):
        return 0
    return (tree.combinator == "timeout") + sum(map(timers_of, tree.children))


@given(
    tree=trees,
    way=st.sampled_from(sorted(WAYS)),
    order=st.permutations(NUMBERS),
    failing=st.sets(st.integers(1, AWAKEABLES)),
    seen=st.integers(0, len(NUMBERS)),
)
def test_restate_resumes_what_is_done(
    tree: Tree | int, way: str, order: list[int], failing: set[int], seen: int
) -> None:
    """A suspended handler is resumed once it can go on, and not for results that it knows."""
    order = [each for each in order if each <= AWAKEABLES + timers_of(tree)]
    results = [fails(each) if each in failing else succeeds(each) for each in order]

    def journal(length: int) -> dict[int, bool]:
        return {each: each not in failing for each in order[:length]}

    @in_loop
    async def run() -> None:
        awaiting = Awaiting(tree, *results[:seen], way=way)
        if awaiting.is_done:
            return
        told = first(awaiting.suspended_for())
        assert not restate_resumes(told, journal(seen)), f"it is resumed at once: {told}"
        for length in range(seen + 1, len(order) + 1):
            if Awaiting(tree, *results[:length], way=way).is_done:
                assert restate_resumes(told, journal(length)), f"it sleeps on: {told}"
                return

    run()
