"""Endpoints: services that restate-server discovers and invokes, over HTTP/2 or in other hosts."""

from __future__ import annotations
