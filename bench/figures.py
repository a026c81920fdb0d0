"""Medians and ratios of samples that were taken in rounds."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Ratio", "ratios", "spread"]


@dataclass(frozen=True)
class Ratio:
    """How much more one takes than another: the median over the rounds, and the range."""

    median: float
    least: float
    most: float


def ratios(samples: Mapping[str, Sequence[float]], reference: str) -> dict[str, Ratio]:
    """What each takes, in what the reference takes.

    Pair by pair within a round: what was slow then was slow for both.

    Args:
        samples: by name, one of each round.
        reference: the name that everything is divided by.

    Raises:
        KeyError: the reference has no samples.
        ValueError: there are not as many of each.
    """
    base = samples[reference]
    return {name: _ratio(taken, base) for name, taken in samples.items()}


def _ratio(taken: Sequence[float], base: Sequence[float]) -> Ratio:
    each = [one / other for one, other in zip(taken, base, strict=True)]
    return Ratio(median(each), min(each), max(each))


def spread(values: Iterable[float]) -> tuple[float, float, float]:
    """The least, the median and the most."""
    ordered = sorted(values)
    return ordered[0], median(ordered), ordered[-1]
