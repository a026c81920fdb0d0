"""Read invocations, their journals and state from a Restate server, by SQL of its admin API.

The tables are those of Restate 1.7; all queries work with and without its vqueues.
"""

from __future__ import annotations

from restate_proto.ingress.introspection.invocations import (
    STATUSES,
    Invocation,
    InvocationFilter,
    count_by_status,
    find_invocations,
)
from restate_proto.ingress.introspection.journal import (
    Journal,
    JournalEntry,
    JournalFailure,
    JournalResult,
    Payload,
    PayloadRole,
)
from restate_proto.ingress.introspection.journal_reader import read_journal
from restate_proto.ingress.introspection.raw_journal import (
    RawJournal,
    UnreadableJournalError,
    read_raw_journals,
)
from restate_proto.ingress.introspection.state import KeyState, read_state
from restate_proto.ingress.introspection.waits import (
    Place,
    Wait,
    find_holder,
    find_places,
    find_waits,
    first_behind,
)

__all__ = [
    "STATUSES",
    "Invocation",
    "InvocationFilter",
    "Journal",
    "JournalEntry",
    "JournalFailure",
    "JournalResult",
    "KeyState",
    "Payload",
    "PayloadRole",
    "Place",
    "RawJournal",
    "UnreadableJournalError",
    "Wait",
    "count_by_status",
    "find_holder",
    "find_invocations",
    "find_places",
    "find_waits",
    "first_behind",
    "read_journal",
    "read_raw_journals",
    "read_state",
]
