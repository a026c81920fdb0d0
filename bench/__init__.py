"""Measures this framework against the official Python SDK: `make bench`."""

from __future__ import annotations
