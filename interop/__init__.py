"""Plays every pair of five languages on a real Restate server: `make interop`."""

from __future__ import annotations
