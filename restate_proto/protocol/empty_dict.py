"""An empty, read-only dict: stands in for tables that most attempts never need."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final, cast

__all__ = ["EMPTY_DICT"]

EMPTY_DICT: Final = cast("dict[Any, Any]", MappingProxyType({}))
"""An empty dict that is shared; a writer first replaces it by a dict of its own."""
