"""Show how to call a handler: code to copy, in each language."""

from __future__ import annotations
