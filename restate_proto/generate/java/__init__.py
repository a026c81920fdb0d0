"""Generate Java code from contracts, as the plugin `protoc-gen-java-restate`."""

from __future__ import annotations
