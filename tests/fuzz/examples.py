"""How many examples each property is tried on.

A finding becomes a unit test beside the code in which it was found; only the properties are kept
here.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

__all__ = ["fuzz"]

_FEW: Final = 100
_EXAMPLES: Final = os.environ.get("FUZZ_EXAMPLES")


def fuzz(*, cost: int = 1) -> settings:
    """The settings of a property.

    Args:
        cost: how many times longer one example takes than those of bytes and messages; it is tried
            on fewer.
    """
    return settings(
        max_examples=max(10, int(_EXAMPLES or _FEW) // cost),
        # `make test` tries the same ones each time; `make fuzz` takes a seed.
        derandomize=_EXAMPLES is None,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
