"""The generator `protoc-gen-java-restate`."""

from __future__ import annotations
