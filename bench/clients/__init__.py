"""Measure the clients of an ingress: `python -m bench.clients`."""

from __future__ import annotations
