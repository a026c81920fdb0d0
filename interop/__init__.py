"""The matrix of five languages, every pair played on a real Restate server: `make interop`."""

from __future__ import annotations
