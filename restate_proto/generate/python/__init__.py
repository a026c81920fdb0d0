"""Generate Python code from contracts, for several message libraries."""

from __future__ import annotations
