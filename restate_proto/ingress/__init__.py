"""Clients for code outside of handlers: of Restate's ingress, and of its admin API."""

from __future__ import annotations
