"""Await trees as messages of the protocol (v7): sdk-shared-core's cases, under their names."""

from __future__ import annotations

import pytest

from restate_proto.protocol import Await, Combinator
from restatepb.protocol.v1 import protocol_pb2 as pb

FIRST, ALL = Combinator.FIRST_COMPLETED, Combinator.ALL_COMPLETED
ANY, EVERY = Combinator.FIRST_SUCCEEDED_OR_ALL_FAILED, Combinator.ALL_SUCCEEDED_OR_FIRST_FAILED
UNKNOWN = Combinator.UNKNOWN

MESSAGES: dict[str, tuple[Await, pb.Future]] = {
    "single_completion": (
        Await(ids=[1]),
        pb.Future(combinator_type=pb.FIRST_COMPLETED, waiting_completions=[1]),
    ),
    "single_signal": (
        Await(ids=[-17]),
        pb.Future(combinator_type=pb.FIRST_COMPLETED, waiting_signals=[17]),
    ),
    "single_named_signal": (
        Await(ids=["foo"]),
        pb.Future(combinator_type=pb.FIRST_COMPLETED, waiting_named_signals=["foo"]),
    ),
    "first_completed_flat": (
        Await(FIRST, [1, 2]),
        pb.Future(combinator_type=pb.FIRST_COMPLETED, waiting_completions=[1, 2]),
    ),
    "first_completed_mixed": (
        Await(FIRST, [1, -5]),
        pb.Future(combinator_type=pb.FIRST_COMPLETED, waiting_completions=[1], waiting_signals=[5]),
    ),
    "all_completed_flat": (
        Await(ALL, [1, 2]),
        pb.Future(combinator_type=pb.ALL_COMPLETED, waiting_completions=[1, 2]),
    ),
    "fsaf_flat": (
        Await(ANY, [1, 2]),
        pb.Future(combinator_type=pb.FIRST_SUCCEEDED_OR_ALL_FAILED, waiting_completions=[1, 2]),
    ),
    "asff_flat": (
        Await(EVERY, [1, 2]),
        pb.Future(combinator_type=pb.ALL_SUCCEEDED_OR_FIRST_FAILED, waiting_completions=[1, 2]),
    ),
    "unknown_flat": (
        Await(FIRST, [1, -5]).undecided(),
        pb.Future(waiting_completions=[1], waiting_signals=[5]),
    ),
    "nested_combinator": (
        Await(FIRST, [1], [Await(ALL, [2, 3])]),
        pb.Future(
            combinator_type=pb.FIRST_COMPLETED,
            waiting_completions=[1],
            nested_futures=[
                pb.Future(combinator_type=pb.ALL_COMPLETED, waiting_completions=[2, 3])
            ],
        ),
    ),
    "unknown_child_nested": (
        Await(FIRST, [3], [Await(FIRST, [1, 2]).undecided()]),
        pb.Future(
            combinator_type=pb.FIRST_COMPLETED,
            waiting_completions=[3],
            nested_futures=[pb.Future(waiting_completions=[1, 2])],
        ),
    ),
    "unknown_wrapping_combinator": (
        Await(FIRST, [3], [Await(ALL, [1, 2]).undecided()]),
        pb.Future(
            combinator_type=pb.FIRST_COMPLETED,
            waiting_completions=[3],
            nested_futures=[
                pb.Future(
                    nested_futures=[
                        pb.Future(combinator_type=pb.ALL_COMPLETED, waiting_completions=[1, 2])
                    ]
                )
            ],
        ),
    ),
    "unknown_root_with_nested_combinator": (
        Await(FIRST, [-5], [Await(ANY, [1, 2])]).undecided(),
        pb.Future(
            waiting_signals=[5],
            nested_futures=[
                pb.Future(
                    combinator_type=pb.FIRST_SUCCEEDED_OR_ALL_FAILED, waiting_completions=[1, 2]
                )
            ],
        ),
    ),
    "all_completed_with_unknown_child": (
        Await(ALL, [1], [Await(FIRST, [-17]).undecided()]),
        pb.Future(
            combinator_type=pb.ALL_COMPLETED,
            waiting_completions=[1],
            nested_futures=[pb.Future(waiting_signals=[17])],
        ),
    ),
}


@pytest.mark.parametrize("name", MESSAGES)
def test_unresolved_future_to_message(name: str) -> None:
    tree, message = MESSAGES[name]
    assert tree.to_message() == message


@pytest.mark.parametrize(
    ("parent", "child", "is_flat"),
    [
        # Whether a child of one id fails is what the id fails with, ...
        (EVERY, FIRST, True),
        (EVERY, ANY, True),
        (ANY, EVERY, True),
        # ... save where it never fails, or only the handler can tell: it stays, if that counts.
        (EVERY, ALL, False),
        (ANY, ALL, False),
        (EVERY, UNKNOWN, False),
        (FIRST, ALL, True),
        (ALL, UNKNOWN, True),
    ],
)
def test_a_tree_of_one_id(parent: Combinator, child: Combinator, is_flat: bool) -> None:
    tree = Await(parent)
    tree.add(Await(child, [1]))
    assert (tree.ids, len(tree.nested)) == (([1], 0) if is_flat else ([], 1))
