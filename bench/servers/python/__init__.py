"""The endpoints in Python, each a program that takes a port."""

from __future__ import annotations
