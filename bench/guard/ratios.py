"""The recorded ratios, and the verdict on the present ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["ALLOWED", "RECORD", "Cell", "compare", "load", "save"]

RECORD: Final = Path(__file__).parent / "ratios.json"

ALLOWED: Final = 1.25
"""How many times what was recorded a ratio may be."""

Ratios = dict[str, float]
"""How many floors each workload takes."""


@dataclass(frozen=True)
class Cell:
    """A workload, now and when it was recorded, in floors."""

    name: str
    now: float
    recorded: float

    @property
    def change(self) -> float:
        """How much more it takes than was recorded: 0.1 is 10 %."""
        return self.now / self.recorded - 1

    @property
    def is_regression(self) -> bool:
        return self.now > self.recorded * ALLOWED


def compare(now: Ratios, recorded: Ratios) -> list[Cell]:
    """Each workload's verdict.

    Raises:
        KeyError: a workload has no record.
    """
    return [Cell(name, ratio, recorded[name]) for name, ratio in now.items()]


def load(meter: str) -> Ratios:
    """What was recorded with a meter.

    Raises:
        KeyError: nothing was.
    """
    return json.loads(RECORD.read_text())[meter]


def save(ratios: dict[str, Ratios]) -> None:
    """Records ratios, by meter; those of other meters stay."""
    recorded: dict[str, Ratios] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    for meter, by_name in ratios.items():
        recorded[meter] = {name: round(ratio, 3) for name, ratio in by_name.items()}
    RECORD.write_text(json.dumps(recorded, indent=2) + "\n")
