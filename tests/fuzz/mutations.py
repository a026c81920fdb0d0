"""Strategies: valid bytes that were changed, and the pieces in which they arrive."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

__all__ = ["changed_json", "cut", "cuts", "mutated"]


def mutated(data: bytes) -> st.SearchStrategy[bytes]:
    """Return the bytes, or the bytes with some of them replaced, left out or inserted."""
    change = st.tuples(st.integers(0, len(data)), st.integers(0, 4), st.binary(max_size=4))
    changes = st.lists(change, min_size=1, max_size=3)
    return st.one_of(st.just(data), changes.map(lambda each: _changed(data, each)))


def _changed(data: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    for start, length, new in changes:
        data = data[:start] + new + data[start + length :]
    return data


_SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, 0, -1, 1.5, 2**64, float("inf"), "", "x", [], {}, [[]], {"": {}}]),
    st.text(max_size=5),
)
_LEFT_OUT = object()


def changed_json(value: Any) -> st.SearchStrategy[Any]:
    """A value of JSON with up to three changes: another value, or none, somewhere in it."""
    change = st.tuples(st.integers(0, 10_000), st.one_of(st.just(_LEFT_OUT), _SCALARS))
    return st.lists(change, max_size=3).map(lambda each: _with_changes(value, each))


def _with_changes(value: Any, changes: list[tuple[int, Any]]) -> Any:
    root: list[Any] = [copy.deepcopy(value)]
    for where, new in changes:
        places = list(_places(root))
        holder, key = places[where % len(places)]
        if new is not _LEFT_OUT:
            holder[key] = copy.deepcopy(new)
        elif holder is not root:
            del holder[key]
    return root[0]


def _places(holder: Any) -> Any:
    """Return all values inside a value, each as its container and its key there."""
    keys: Any = list(holder) if hasattr(holder, "items") else range(len(holder))
    for key in keys:
        yield holder, key
        if isinstance(holder[key], dict | list):
            yield from _places(holder[key])


cuts = st.lists(st.integers(0, 10_000), max_size=8)
"""Where to cut bytes."""


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return the same bytes in pieces."""
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in cuts)})
    return [data[start:end] for start, end in pairwise(places)]
