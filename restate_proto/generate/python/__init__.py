"""The generator of Python code, for the messages of several libraries."""

from __future__ import annotations
