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
    """One sample in units of another: the median over the rounds, and the range."""

    median: float
    least: float
    most: float


def ratios(samples: Mapping[str, Sequence[float]], reference: str) -> dict[str, Ratio]:
    """Return all samples in units of the reference.

    Each sample is divided by the reference's sample of the same round, since a slow period of the
    machine slows down both.

    Args:
        samples: the samples by name, one per round.
        reference: the name whose samples are the unit.

    Raises:
        KeyError: the reference has no samples.
        ValueError: the names have different numbers of samples.
    """
    base = samples[reference]
    return {name: _ratio(taken, base) for name, taken in samples.items()}


def _ratio(taken: Sequence[float], base: Sequence[float]) -> Ratio:
    each = [one / other for one, other in zip(taken, base, strict=True)]
    return Ratio(median(each), min(each), max(each))


def spread(values: Iterable[float]) -> tuple[float, float, float]:
    """Return the minimum, the median and the maximum."""
    ordered = sorted(values)
    return ordered[0], median(ordered), ordered[-1]
