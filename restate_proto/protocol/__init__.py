"""Restate's service protocol, v5 to v7, without I/O: bytes in, bytes and results out.

A `StateMachine` is one attempt of one invocation. It parses what Restate sends, keeps the journal,
compares a replay with it, and decides when the attempt waits, suspends or fails. It runs no user
code, has no clock and does no I/O; `restate_proto.runtime` drives it. Start with `phases.py`, then
read `machine.py`.
"""

from __future__ import annotations

from restate_proto.protocol.addresses import InvocationTarget
from restate_proto.protocol.commands import Commands
from restate_proto.protocol.errors import (
    AttemptEnded,
    AttemptError,
    Code,
    ErrorBehavior,
    Failure,
    MessageTooLargeError,
    RelatedCommand,
)
from restate_proto.protocol.frames import MAX_LENGTH
from restate_proto.protocol.machine import Input, StateMachine
from restate_proto.protocol.message_size import DEFAULT_MAX_OUTBOUND, MAX_PAYLOAD, check_size
from restate_proto.protocol.messages import (
    MARKER_PREFIX,
    MAX_VERSION,
    MIN_VERSION,
    content_type,
    parse_version,
)
from restate_proto.protocol.notifications import CANCEL_SIGNAL, NotificationId, Result, ResultKind
from restate_proto.protocol.output import MUCH_OUTPUT
from restate_proto.protocol.patches import Patches
from restate_proto.protocol.phases import Phase
from restate_proto.protocol.waiting import Await, Combinator

__all__ = [
    "CANCEL_SIGNAL",
    "DEFAULT_MAX_OUTBOUND",
    "MARKER_PREFIX",
    "MAX_LENGTH",
    "MAX_PAYLOAD",
    "MAX_VERSION",
    "MIN_VERSION",
    "MUCH_OUTPUT",
    "AttemptEnded",
    "AttemptError",
    "Await",
    "Code",
    "Combinator",
    "Commands",
    "ErrorBehavior",
    "Failure",
    "Input",
    "InvocationTarget",
    "MessageTooLargeError",
    "NotificationId",
    "Patches",
    "Phase",
    "RelatedCommand",
    "Result",
    "ResultKind",
    "StateMachine",
    "check_size",
    "content_type",
    "parse_version",
]
