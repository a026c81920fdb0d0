"""The endpoints that are measured: one folder for each language."""

from __future__ import annotations
