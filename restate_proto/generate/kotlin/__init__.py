"""Generate Kotlin code from contracts, as the plugin `protoc-gen-kotlin-restate`."""

from __future__ import annotations
