"""Runs handlers on the state machine, with as little of the event loop as it can.

`Attempt` is the middle: it feeds the machine, steps the handler's coroutine, and sends what both
produce. Below it, and without knowing it, `Operations` is what a handler has begun; contexts,
futures and clients stand on that, and are what the handler sees.
"""

from __future__ import annotations

from restate_proto.runtime.attempt import Attempt
from restate_proto.runtime.byte_stream import ByteStream
from restate_proto.runtime.handler import BoundHandler, LastFailure
from restate_proto.runtime.intercepted_attempt import InterceptedAttempt
from restate_proto.runtime.runtime import Runtime
from restate_proto.runtime.task import is_interrupt
from restate_proto.runtime.threads import DEFAULT_RUN_THREADS
from restate_proto.runtime.validating_contexts import validating_context
from restate_proto.runtime.validating_handler import ValidatingHandler

__all__ = [
    "DEFAULT_RUN_THREADS",
    "Attempt",
    "BoundHandler",
    "ByteStream",
    "InterceptedAttempt",
    "LastFailure",
    "Runtime",
    "ValidatingHandler",
    "is_interrupt",
    "validating_context",
]
