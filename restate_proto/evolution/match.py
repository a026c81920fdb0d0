"""Which things of two contracts are the same: by their Restate names, else renamed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

__all__ = ["Matches", "match"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Matches(Generic[T]):
    """What became of the things of the old contract.

    Args:
        same: those that have kept their Restate name, with what they are now.
        renamed: those that have another one, likewise.
        removed: the others.
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
    """Finds the things of an old contract in a new one.

    Args:
        old: the things of the old contract.
        new: those of the new one.
        name: gives the Restate name.
        alike: what else two things may have in common that makes them one under two names; the
            surest first. It counts only where one removed and one added thing have it.
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
