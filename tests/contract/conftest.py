"""The generators' fixtures: a contract given as text, and what Python's generator answers."""

from __future__ import annotations

from tests.generate.conftest import answer, compile_request

__all__ = ["answer", "compile_request"]
