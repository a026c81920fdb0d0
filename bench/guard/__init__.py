"""Guard against regressions by counting the instructions of an invocation: `make bench-guard`.

The unit is the floor: the instructions that a minimal endpoint needs for the same work.
"""

from __future__ import annotations
