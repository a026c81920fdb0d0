"""Convert messages to payloads and back: codecs, content types, JSON Schemas."""

from __future__ import annotations
