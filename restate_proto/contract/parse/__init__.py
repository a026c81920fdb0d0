"""Make the model of a contract from descriptors; each module has the rules about one thing."""

from __future__ import annotations
