"""Service protocol versions and their content types."""

from __future__ import annotations

__all__ = ["MAX_VERSION", "MIN_VERSION", "content_type", "parse_version"]

MIN_VERSION = 5
MAX_VERSION = 7

_PREFIX = "application/vnd.restate.invocation.v"
_VERSIONS = {f"{_PREFIX}{version}": version for version in range(MIN_VERSION, MAX_VERSION + 1)}


def content_type(version: int) -> str:
    """The content type of a stream in this protocol version."""
    return f"{_PREFIX}{version}"


def parse_version(content_type: str) -> int | None:
    """The protocol version that a content type names, or None where it is not supported."""
    return _VERSIONS.get(content_type) or _VERSIONS.get(content_type.partition(";")[0].strip())
