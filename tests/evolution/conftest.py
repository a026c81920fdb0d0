"""The generators' fixture that compiles a contract given as text."""

from __future__ import annotations

from tests.generate.conftest import compile_request

__all__ = ["compile_request"]
