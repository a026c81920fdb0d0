"""Restate's service protocol, v5 to v7, sans-IO: bytes in, bytes and events out.

`StateMachine` is one attempt of one invocation. It frames and parses, keeps the journal, checks a
replay against it, and says when the attempt waits, suspends or fails. It runs no user code, knows
no clock and does no I/O; `restate_proto.runtime` drives it.
"""

from __future__ import annotations

from restate_proto.protocol.calls import InvocationTarget
from restate_proto.protocol.errors import (
    AttemptEnded,
    AttemptError,
    Code,
    MessageTooLargeError,
    RelatedCommand,
)
from restate_proto.protocol.frames import DEFAULT_MAX_OUTBOUND, MAX_LENGTH, MAX_PAYLOAD
from restate_proto.protocol.journal import Input, Phase
from restate_proto.protocol.machine import StateMachine
from restate_proto.protocol.results import (
    CANCEL_SIGNAL,
    Await,
    Combinator,
    Failure,
    NotificationId,
    Result,
    ResultKind,
)
from restate_proto.protocol.version import MAX_VERSION, MIN_VERSION, content_type, parse_version

__all__ = [
    "CANCEL_SIGNAL",
    "DEFAULT_MAX_OUTBOUND",
    "MAX_LENGTH",
    "MAX_PAYLOAD",
    "MAX_VERSION",
    "MIN_VERSION",
    "AttemptEnded",
    "AttemptError",
    "Await",
    "Code",
    "Combinator",
    "Failure",
    "Input",
    "InvocationTarget",
    "MessageTooLargeError",
    "NotificationId",
    "Phase",
    "RelatedCommand",
    "Result",
    "ResultKind",
    "StateMachine",
    "content_type",
    "parse_version",
]
