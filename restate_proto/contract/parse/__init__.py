"""From descriptors to the model: each file holds the rules about one thing, with their error texts."""

from __future__ import annotations
