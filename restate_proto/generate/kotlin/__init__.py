"""The generator `protoc-gen-kotlin-restate`."""

from __future__ import annotations
