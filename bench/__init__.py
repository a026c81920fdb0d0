"""Measure this framework against the official SDKs: `make bench`."""

from __future__ import annotations
