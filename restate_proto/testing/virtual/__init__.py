"""`VirtualRestate`: a Restate server in the test's process, with virtual time."""

from __future__ import annotations

from restate_proto.testing.virtual.actions import ActionError
from restate_proto.testing.virtual.environment import VirtualRestate
from restate_proto.testing.virtual.faults import InjectedError
from restate_proto.testing.virtual.journal_text import InvocationJournal
from restate_proto.testing.virtual.stuck import StuckError

__all__ = ["ActionError", "InjectedError", "InvocationJournal", "StuckError", "VirtualRestate"]
