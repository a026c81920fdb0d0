"""Restate's cancellation of an invocation, which is asyncio's own as well."""

from __future__ import annotations

import asyncio

from restate_proto.errors import TerminalError

__all__ = ["CancelledError"]


class CancelledError(TerminalError, asyncio.CancelledError):
    """The invocation was cancelled; raised where its handler waits.

    It is asyncio's own cancellation as well: an `asyncio.TaskGroup` that the handler waits in
    cancels its tasks. A handler may catch it to undo what it did, with durable operations as usual.
    Left alone it ends the invocation with code 409.
    """

    def __init__(self, message: str = "cancelled") -> None:
        super().__init__(message, code=409)
