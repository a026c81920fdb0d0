"""The recorded ratios, and the verdict on the present ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ALLOWED", "RECORD", "Cell", "compare", "load", "save"]

RECORD: Final = Path(__file__).parent / "ratios.json"

ALLOWED: Final = 1.25
"""The largest ratio that passes, in units of the recorded one."""

Ratios = dict[str, float]
"""How many floors each workload takes."""


@dataclass(frozen=True)
class Cell:
    """The present and the recorded ratio of a workload, in floors."""

    name: str
    now: float
    recorded: float

    @property
    def change(self) -> float:
        """The increase over the record: 0.1 is 10 %."""
        return self.now / self.recorded - 1

    @property
    def is_regression(self) -> bool:
        return self.now > self.recorded * ALLOWED


def compare(now: Ratios, recorded: Ratios) -> list[Cell]:
    """Compare each workload with its record.

    Raises:
        KeyError: a workload has no record.
    """
    return [Cell(name, ratio, recorded[name]) for name, ratio in now.items()]


def load(meter: str) -> Ratios:
    """Return the recorded ratios of a meter.

    Raises:
        KeyError: the record has none of this meter.
    """
    return json.loads(RECORD.read_text())[meter]


def save(ratios: dict[str, Ratios]) -> None:
    """Record the ratios of a meter, and keep those of other meters."""
    recorded: dict[str, Ratios] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for meter, by_name in ratios.items():
        recorded[meter] = {name: round(ratio, 3) for name, ratio in by_name.items()}
    RECORD.write_text(json.dumps(recorded, indent=2) + "\n")
