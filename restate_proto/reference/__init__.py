"""Documentation of contracts for people: builds pages, and renders them as Markdown and HTML."""

from __future__ import annotations
