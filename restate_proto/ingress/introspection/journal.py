"""The journal of an invocation: what its handler has done, and what came of it."""

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
    """What a payload is, which says its type in the contract."""

    REQUEST = "request"
    RESPONSE = "response"
    STATE = "state"
    PROMISE = "promise"
    SIGNAL = "signal"
    UNTYPED = "untyped"
    """The result of a run, or what an awakeable was resolved with: no contract says its type."""


class Payload(NamedTuple):
    """Bytes of a journal, and where the contract has their type.

    Args:
        data: the bytes.
        role: what they are.
        service: the Restate name of the service that they belong to.
        name: the handler's name, or that of the state, the promise or the signal.
    """

    data: bytes
    role: PayloadRole
    service: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class JournalResult:
    """What an entry came to.

    Args:
        payload: the value, if it is one.
        failure: the failure, if it is one.
        text: what it is else: an invocation id, the keys of a state, nothing.
        index: the number of the entry that has it.
        at: when it came.
    """

    payload: Payload | None = None
    failure: Failure | None = None
    text: str = ""
    index: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JournalFailure:
    """An attempt that failed, and is repeated.

    Args:
        message: why.
        code: the code of the error.
        at: when.
    """

    message: str
    code: int
    at: datetime | None


@dataclass(slots=True)
class JournalEntry:
    """A command of the handler, or a signal that came for it.

    Args:
        index: its number in the journal.
        what: what it does: `call`, `run`, `set state`.
        name: what the handler calls it, if it does.
        subject: what it is about: a handler, a key of the state, a promise, a time.
        payload: what it carries.
        invocation_id: the other invocation, once it is known.
        result: what it came to; None where nothing has come yet, or nothing comes.
        awaits_result: whether a result is to come.
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
        left_out: how many numbers there are before the first of them.
    """

    entries: tuple[JournalEntry, ...]
    left_out: int
