"""A guard against regressions: counts the instructions of an invocation: `make bench-guard`.

They are counted in floors: the instructions that a minimal endpoint needs for the same work.
"""

from __future__ import annotations
