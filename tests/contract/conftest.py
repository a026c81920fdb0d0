"""Fixtures that compile a contract given as text and run the Python generator on it."""

from __future__ import annotations

from tests.generate.conftest import answer, compile_request

__all__ = ["answer", "compile_request"]
