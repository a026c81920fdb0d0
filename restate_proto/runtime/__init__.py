"""Runs handlers on the state machine, with as little of the event loop as it can.

`Attempt` is the middle: it feeds the machine, steps the handler's coroutine, and sends what both
produce. Contexts, futures and clients are what the handler sees of it.
"""

from __future__ import annotations

from restate_proto.runtime.attempt import Attempt
from restate_proto.runtime.context import context_class
from restate_proto.runtime.handler import BoundHandler, LastFailure
from restate_proto.runtime.interrupts import is_interrupt
from restate_proto.runtime.runtime import Runtime
from restate_proto.runtime.stream import ByteStream
from restate_proto.runtime.threads import DEFAULT_RUN_THREADS, ThreadPool

__all__ = [
    "DEFAULT_RUN_THREADS",
    "Attempt",
    "BoundHandler",
    "ByteStream",
    "LastFailure",
    "Runtime",
    "ThreadPool",
    "context_class",
    "is_interrupt",
]
