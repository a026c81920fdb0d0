"""The journal of an invocation, for people: the commands of its handler with their results."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime

    from restate_proto.protocol import Failure

__all__ = [
    "Journal",
    "JournalEntry",
    "JournalFailure",
    "JournalResult",
    "Payload",
    "PayloadRole",
]


class PayloadRole(Enum):
    """What a payload is used for, which determines its type in the contract."""

    REQUEST = "request"
    RESPONSE = "response"
    STATE = "state"
    PROMISE = "promise"
    SIGNAL = "signal"
    UNTYPED = "untyped"
    """The result of a run or the value of an awakeable, whose type no contract says."""


class Payload(NamedTuple):
    """A payload in a journal, and where to find its type in the contract.

    Args:
        data: the bytes.
        role: what they are used for.
        service: the Restate name of the service that they belong to.
        name: the name of the handler, the state key, the promise or the signal.
    """

    data: bytes
    role: PayloadRole
    service: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class JournalResult:
    """The result of an entry.

    Args:
        payload: the value, if the result is one.
        failure: the failure, if the result is one.
        text: any other result: an invocation id, the keys of a state, nothing.
        index: the number of the entry that has it.
        at: when it arrived.
    """

    payload: Payload | None = None
    failure: Failure | None = None
    text: str = ""
    index: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JournalFailure:
    """A failed attempt that is repeated.

    Args:
        message: the reason.
        code: the code of the error.
        at: when it failed.
    """

    message: str
    code: int
    at: datetime | None


@dataclass(slots=True)
class JournalEntry:
    """A command of the handler, or a signal to it.

    Args:
        index: its number in the journal.
        what: what it does: `call`, `run`, `set state`.
        name: its name, if the handler gave it one.
        subject: what it is about: a handler, a state key, a promise, a time.
        payload: its payload.
        invocation_id: the other invocation, once it is known.
        result: its result; None if there is none yet, or never.
        awaits_result: whether a result is expected.
        failures: the attempts that failed when it was the last entry.
        at: when it was written.
    """

    index: int
    what: str
    name: str = ""
    subject: str = ""
    payload: Payload | None = None
    invocation_id: str | None = None
    result: JournalResult | None = None
    awaits_result: bool = False
    failures: list[JournalFailure] = field(default_factory=list[JournalFailure])
    at: datetime | None = None


class Journal(NamedTuple):
    """The journal of an invocation.

    Args:
        entries: in their order; results are with the entries that they belong to.
        left_out: how many entries before the first of these were left out.
    """

    entries: tuple[JournalEntry, ...]
    left_out: int
