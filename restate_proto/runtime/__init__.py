"""Run handlers: from the bytes of a request to the handler's coroutine, and back.

`Attempt` is in the middle. It feeds the protocol's state machine, steps the handler's coroutine,
and sends the bytes that both produce. It does so inside the call that delivered the input, without
a task of the event loop. `Operations` is below it and does not know it: the durable operations that
a handler has begun. Contexts, futures and clients, which are what a handler sees, are built on
`Operations`.
"""

from __future__ import annotations

from restate_proto.runtime.attempt import Attempt
from restate_proto.runtime.byte_stream import ByteStream
from restate_proto.runtime.handler import BoundHandler, LastFailure
from restate_proto.runtime.runtime import Runtime, Scheduling
from restate_proto.runtime.task import is_interrupt
from restate_proto.runtime.threads import DEFAULT_RUN_THREADS
from restate_proto.runtime.validating_contexts import validating_context
from restate_proto.runtime.validating_handler import ValidatingHandler

__all__ = [
    "DEFAULT_RUN_THREADS",
    "Attempt",
    "BoundHandler",
    "ByteStream",
    "LastFailure",
    "Runtime",
    "Scheduling",
    "ValidatingHandler",
    "is_interrupt",
    "validating_context",
]
