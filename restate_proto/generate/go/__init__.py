"""Generate Go code from contracts, as the plugin `protoc-gen-go-restate`."""

from __future__ import annotations
