"""The parts of an invocation that are compared: its journal and those of the invocations it called."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from restate_proto.ingress.introspection import UnreadableJournalError
from restate_proto.protocol.messages import COMMANDS, MessageType
from restate_proto.protocol.notifications import ResultKind, read_notification
from restate_proto.protocol.player import is_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.protocol.frames import Frame

__all__ = ["IDS", "Record", "Stored", "difference", "records_of"]

IDS: Final = re.compile(r"inv_1[0-9A-Za-z]{33}|sign_1[-_0-9A-Za-z]+")
"""The ids of invocations and awakeables, which no two servers share."""

Target = tuple[str, str, str | None]
"""What has state: the service, the key and the scope."""

_TIMES: Final = {MessageType.SLEEP: "wake_up_time", MessageType.ONE_WAY_CALL: "invoke_time"}


@dataclass
class Record:
    """What a server has of one invocation.

    Args:
        name: what stands for its id.
        status: how it is.
        commands: its commands in their order.
        notifications: what came of them, by the id of the notification; of a signal that is sent
            twice, both.
        order: the places of all of these.
    """

    name: str
    status: str
    commands: list[str] = field(default_factory=list[str])
    notifications: dict[str, list[str]] = field(default_factory=dict[str, "list[str]"])
    order: list[str] = field(default_factory=list[str])


class Stored:
    """What a server has of all programs of a batch.

    Args:
        journals: the journals of all invocations.

    Attributes:
        newest: when the youngest of them came.
    """

    def __init__(self, journals: Iterable[RawJournal]) -> None:
        self._journals = {each.id: each for each in journals}
        self._states: defaultdict[Target, dict[str, str]] = defaultdict(dict)
        self.newest = max(
            (each.invocation["created_at"] for each in self._journals.values()), default=""
        )

    def targets(self) -> set[Target]:
        """All that may have state."""
        return {
            (each.handler.split("/")[0], each.key, each.invocation.get("scope"))
            for each in self._journals.values()
            if each.key
        }

    def put_state(self, target: Target, name: str, value: str | None) -> None:
        """Take the value of a state key; None where it has none."""
        if value is not None:
            self._states[target][name] = value

    def states_of(self, program: str) -> dict[Target, dict[str, str]]:
        """The state of all that belongs to a program."""
        return {
            target: state
            for target, state in self._states.items()
            if target[1].partition(".")[0] == program
        }

    def records(self, roots: Iterable[str]) -> list[Record]:
        """What it has of invocations, and of all that they have called or sent."""
        return records_of(roots, self._journal)

    def _journal(self, id_: str) -> tuple[str, list[Frame]]:
        found = self._journals.get(id_)
        if found is None:
            return "gone", []
        try:
            return found.status, found.frames()
        except UnreadableJournalError as error:
            return f"{found.status}, {error}", []


def records_of(
    roots: Iterable[str], journal: Callable[[str], tuple[str, list[Frame]]]
) -> list[Record]:
    """What a server has of invocations, and of all that they have called or sent.

    Args:
        roots: the ids of those that were begun from outside.
        journal: gives the status and the entries of an invocation.
    """
    names: dict[str, str] = {}
    records: list[Record] = []
    todo = list(roots)
    outside, seen = set(todo), set(todo)
    while todo:
        id_ = todo.pop(0)
        status, entries = journal(id_)
        record = Record(_name(id_, names), status)
        records.append(record)
        answers = [
            (str(found[0]), found[1])
            for type_, payload in entries
            if not is_command(type_)
            for found in [read_notification(payload)]
        ]
        brought = {
            key: result for key, result in answers if result.kind is ResultKind.INVOCATION_ID
        }
        for key in sorted(brought, key=int):
            called = brought[key].value
            _name(called, names)
            if called not in seen:
                seen.add(called)
                todo.append(called)
        clocks: set[str] = set()
        for type_, payload in entries:
            if is_command(type_):
                text = _command(type_, payload, is_root=id_ in outside)
                record.commands.append(f"{COMMANDS[type_][1]}: {_mapped(text, names)}")
                record.order.append(record.commands[-1])
                message: Any = COMMANDS[type_][0].FromString(payload)
                if type_ == MessageType.RUN and message.name == "time":
                    clocks.add(str(message.result_completion_id))
            else:
                record.order.append(str(read_notification(payload)[0]))
        for key, result in answers:
            text = f"{result.kind.value} {result.value!r}"
            said = "a time" if key in clocks else _mapped(text, names)
            record.notifications.setdefault(key, []).append(said)
    return records


def _command(type_: int, payload: bytes, *, is_root: bool) -> str:
    message: Any = COMMANDS[type_][0].FromString(payload)
    if type_ in _TIMES:
        name = _TIMES[type_]
        setattr(message, name, 1 if getattr(message, name) else 0)
    if type_ == MessageType.INPUT and is_root:
        del message.headers[:]  # those of an HTTP client
    return " ".join(str(message).split())


def _name(id_: str, names: dict[str, str]) -> str:
    return names.setdefault(id_, f"<{len(names)}>")


def _mapped(text: str, names: dict[str, str]) -> str:
    return IDS.sub(lambda found: _name(found[0], names), text)


def difference(real: list[Record], virtual: list[Record]) -> str | None:
    """In what two servers differ; None where they agree.

    What a handler has not waited for may come before its end or not: of such a notification, only what
    it says is compared, where both have it.
    """
    for one, other in zip(real, virtual, strict=False):
        head = f"invocation {one.name}"
        if one.status != other.status:
            return f"{head}: {one.status}, and on the virtual one {other.status}"
        for number, (mine, its) in enumerate(zip_longest(one.commands, other.commands)):
            if mine != its:
                return f"{head}, command {number}:\n  real:    {mine}\n  virtual: {its}"
        for key in one.notifications.keys() & other.notifications.keys():
            pairs = zip(one.notifications[key], other.notifications[key], strict=False)
            for mine, its in pairs:
                if mine != its:
                    return f"{head}, notification {key}:\n  real:    {mine}\n  virtual: {its}"
    if len(real) != len(virtual):
        return f"{len(real)} invocations, and {len(virtual)} on the virtual one"
    return None
