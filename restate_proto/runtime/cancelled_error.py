"""The error that a handler sees when its invocation is cancelled; asyncio treats it as its own."""

from __future__ import annotations

import asyncio

from restate_proto.errors import TerminalError

__all__ = ["CancelledError"]


class CancelledError(TerminalError, asyncio.CancelledError):
    """The invocation was cancelled; raised where its handler waits.

    As it is also asyncio's `CancelledError`, an `asyncio.TaskGroup` that the handler waits in
    cancels its tasks. A handler may catch it and undo what it did, with durable operations as
    usual. If nothing catches it, it ends the invocation with code 409.
    """

    def __init__(self, message: str = "cancelled") -> None:
        super().__init__(message, code=409)
