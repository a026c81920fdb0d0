"""From descriptors to the model, with every rule about contracts and its error text."""

from __future__ import annotations
