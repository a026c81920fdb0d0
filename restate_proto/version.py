"""The version of this library, `restate_proto.__version__`; pyproject.toml takes it from here."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
