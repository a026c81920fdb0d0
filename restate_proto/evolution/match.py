"""Match the things of two contracts: by their Restate names, or as renamed things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

__all__ = ["Matches", "match"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Matches(Generic[T]):
    """What became of the things in the old contract.

    Args:
        same: those that kept their Restate name, each with its counterpart.
        renamed: those that have another name now, each with its counterpart.
        removed: all others.
    """

    same: tuple[tuple[T, T], ...]
    renamed: tuple[tuple[T, T], ...]
    removed: tuple[T, ...]


def match(
    old: Iterable[T],
    new: Iterable[T],
    name: Callable[[T], str],
    alike: Sequence[Callable[[T], Hashable]],
) -> Matches[T]:
    """Find the things of an old contract in a new one.

    Args:
        old: the things of the old contract.
        new: the things of the new one.
        name: returns the Restate name of a thing.
        alike: functions that return a trait by which renamed things are recognized, the surest
            first. A trait counts only if exactly one removed and one added thing have it.
    """
    now = {name(thing): thing for thing in new}
    before = {name(thing): thing for thing in old}
    same = [(before[each], now[each]) for each in before if each in now]
    removed = [before[each] for each in before if each not in now]
    added = [now[each] for each in now if each not in before]
    renamed: list[tuple[T, T]] = []
    for key in alike:
        for thing in tuple(removed):
            candidates = [each for each in added if key(each) == key(thing)]
            rivals = [each for each in removed if key(each) == key(thing)]
            if len(candidates) == len(rivals) == 1:
                renamed.append((thing, candidates[0]))
                removed.remove(thing)
                added.remove(candidates[0])
    return Matches(tuple(same), tuple(renamed), tuple(removed))
