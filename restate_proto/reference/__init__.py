"""Documentation of a contract for people: a document model, and what renders it as Markdown and HTML."""

from __future__ import annotations
