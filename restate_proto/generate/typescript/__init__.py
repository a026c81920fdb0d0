"""Generate TypeScript code from contracts, as the plugin `protoc-gen-typescript-restate`."""

from __future__ import annotations
