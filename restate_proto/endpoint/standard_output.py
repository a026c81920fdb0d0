"""Stdout of a process that serves: it may be closed, full, or read by nobody."""

from __future__ import annotations

import os
import sys

from restate_proto.logs import get_logger

__all__ = ["discard_output", "say_serving"]

_log = get_logger("restate_proto")


def say_serving(what: str, address: str) -> None:
    """Write the only line on stdout, for people and for programs that start this one.

    If stdout cannot be written, the log says so, and the process serves all the same.

    Args:
        what: what is served.
        address: the address; the last word of the line.
    """
    try:
        print(f"Serving {what} at {address}", flush=True)  # noqa: T201 - no log: its address is read
    except OSError as error:
        discard_output()
        _log.warning("stdout cannot be written: %s; it is not used any more", error.strerror)


def discard_output() -> None:
    """Write nothing to stdout any more, after a write has failed.

    What is still in its buffer would fail once more when the process ends, and so would each
    `print` of a handler.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
