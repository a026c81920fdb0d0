"""Describe the machine of a run in a few words."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["describe", "today"]


def describe() -> str:
    """Return this machine's processor, number of cores and system in words."""
    try:
        found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    name = found[1].strip() if found else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}"


def today() -> str:
    """Return the date, such as `2026-11-30`."""
    return datetime.now(UTC).date().isoformat()
