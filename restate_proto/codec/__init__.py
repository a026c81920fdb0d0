"""How messages become payloads and back: codecs, content types, JSON Schema."""

from __future__ import annotations
