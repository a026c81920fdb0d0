"""The phases of an attempt, and what each message does in each of them.

An attempt is in one phase at a time. Restate first sends a start message, which says how many
entries the journal has, and then those entries: recorded commands and notifications. Once the last
entry has arrived, the handler runs from its first line. While it replays, its commands have to
equal the recorded ones; after that, they are written. The attempt ends with the handler's own end,
a suspension or an error.

The table says this message by message. Code that deals with a message reads the cell of the current
phase: `StateMachine` for what Restate sends; `Journal`, `Commands` and `Waiting` for what the
handler does. Two rules are not in the table: any other message from Restate is ILLEGAL, and an
error ends every phase but CLOSED.
"""

from __future__ import annotations

from enum import Enum, auto

__all__ = ["Phase", "Rule"]


class Rule(Enum):
    """What a message does in a phase."""

    BEGIN = auto()  # it says how many entries are replayed: WAITING_REPLAY
    ENTRY = auto()  # it is one of those entries; with the last one: REPLAYING
    QUEUE = auto()  # it takes effect when the handler waits, after those that came before
    SUSPEND = auto()  # from now on a wait is a suspension
    MATCH = auto()  # it has to be the next command in the journal; with the last one: PROCESSING
    WRITE = auto()  # it is written; SUSPENSION, END: CLOSED
    REFUSE = auto()  # AttemptEnded is raised
    IGNORE = auto()  # nothing
    MISMATCH = auto()  # the journal goes on with a command: ERROR 570, CLOSED
    ILLEGAL = auto()  # Restate must not send it: ERROR 571, CLOSED
    BROKEN = auto()  # the request ends too early: ERROR 571, CLOSED


class Phase(Enum):
    """The phase of an attempt, with what each message does in it: a column of the table."""

    WAITING_START = "waiting for the start message"
    WAITING_REPLAY = "waiting for the journal to replay"
    REPLAYING = "replaying"
    PROCESSING = "processing"
    CLOSED = "closed"

    # What Restate sends. Messages of other types are illegal in every phase.
    on_start: Rule
    on_recorded_command: Rule
    on_notification: Rule
    on_ack: Rule  # of a run's result
    on_request_end: Rule
    # What the handler does. A failure is written in every phase but the last: ERROR, CLOSED.
    on_command: Rule
    on_wait: Rule  # AWAITING_ON (v7), or SUSPENSION
    on_run_result: Rule  # PROPOSE_RUN_COMPLETION
    on_end: Rule  # END


# fmt: off
_TABLE = {
    # phase:                WAITING_START   WAITING_REPLAY  REPLAYING       PROCESSING    CLOSED
    "on_start":            (Rule.BEGIN,     Rule.ILLEGAL,   Rule.ILLEGAL,   Rule.ILLEGAL, Rule.IGNORE),
    "on_recorded_command": (Rule.ILLEGAL,   Rule.ENTRY,     Rule.ILLEGAL,   Rule.ILLEGAL, Rule.IGNORE),
    "on_notification":     (Rule.ILLEGAL,   Rule.ENTRY,     Rule.QUEUE,     Rule.QUEUE,   Rule.IGNORE),
    "on_ack":              (Rule.ILLEGAL,   Rule.ILLEGAL,   Rule.QUEUE,     Rule.QUEUE,   Rule.IGNORE),
    "on_request_end":      (Rule.BROKEN,    Rule.BROKEN,    Rule.SUSPEND,   Rule.SUSPEND, Rule.IGNORE),
    "on_command":          (Rule.REFUSE,    Rule.REFUSE,    Rule.MATCH,     Rule.WRITE,   Rule.REFUSE),
    "on_wait":             (Rule.REFUSE,    Rule.REFUSE,    Rule.MISMATCH,  Rule.WRITE,   Rule.REFUSE),
    "on_run_result":       (Rule.IGNORE,    Rule.IGNORE,    Rule.WRITE,     Rule.WRITE,   Rule.IGNORE),
    "on_end":              (Rule.IGNORE,    Rule.IGNORE,    Rule.MISMATCH,  Rule.WRITE,   Rule.IGNORE),
}
# fmt: on

for _message, _rules in _TABLE.items():
    for _phase, _rule in zip(Phase, _rules, strict=True):
        setattr(_phase, _message, _rule)
