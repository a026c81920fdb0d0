"""Clients of an ingress, measured: `python -m bench.clients`."""

from __future__ import annotations
