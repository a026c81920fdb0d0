"""The endpoints that are measured, each a program that takes a port."""

from __future__ import annotations
