"""Raw journals, entry by entry, for running code on them.

A raw journal consists of nothing but the rows of Restate's tables, so that one from a file is the
same as one from a server.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from restate_proto.ingress.introspection.invocations import waited_for
from restate_proto.ingress.introspection.sql import any_of, read_time
from restate_proto.protocol.messages import COMMANDS, FIRST_NOTIFICATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.protocol import NotificationId
    from restate_proto.protocol.frames import Frame

__all__ = ["RawJournal", "UnreadableJournalError", "read_raw_journals"]

_COLUMNS: Final = (
    "id",
    "target_service_name",
    "target_handler_name",
    "target_service_key",
    "target_service_ty",
    "scope",
    "limit_key",
    "idempotency_key",
    "vqueue_id",
    "status",
    "completion_result",
    "restarted_from",
    "created_at",
    "journal_size",
    "pinned_service_protocol_version",
    "suspended_waiting_future_json",
)
_PAGE: Final = 100
"""For how many invocations one query asks for journals."""

_ROUNDS: Final = 3
"""How often a journal is read again because it has grown meanwhile."""

_TYPES: Final = {
    f"Command: {class_.DESCRIPTOR.name.removesuffix('CommandMessage')}": type_
    for type_, (class_, _) in COMMANDS.items()
}
_TYPES.update(
    {
        name.replace("Command", "Notification"): FIRST_NOTIFICATION | (type_ & 0x03FF)
        for name, type_ in _TYPES.items()
    }
)
_TYPES.update({"Notification: CallInvocationId": 0x800E, "Notification: Signal": 0xFBFF})
_WORDS: Final = {type_: words for words, type_ in _TYPES.items()}


class UnreadableJournalError(Exception):
    """A journal lacks something that running code on it needs; the text says what."""


@dataclass(frozen=True, slots=True)
class RawJournal:
    """An invocation and its journal, as Restate's tables have them.

    Args:
        invocation: the row of `sys_invocation`, with the columns that matter here. The table does
            not have the seed of its random numbers; a caller that knows it adds `random_seed`.
        entries: the rows of `sys_journal`, in their order: index, entry_type, version, raw.
        is_redacted: whether its texts were removed.
        is_faithful: whether the code that it was saved with does the same on it as on the original
            journal.
    """

    invocation: Mapping[str, Any]
    entries: Sequence[Mapping[str, Any]]
    is_redacted: bool = False
    is_faithful: bool = True

    @classmethod
    def of_frames(cls, invocation: Mapping[str, Any], frames: Iterable[Frame]) -> RawJournal:
        """Make a journal from messages that are not in a table.

        Args:
            invocation: the row that the table would have for the invocation.
            frames: the entries, as messages of the service protocol.
        """
        rows = [
            {"index": index, "entry_type": _WORDS[type_], "version": 2, "raw": payload.hex()}
            for index, (type_, payload) in enumerate(frames)
        ]
        return cls(invocation, rows)

    @property
    def id(self) -> str:
        """The invocation's id."""
        return str(self.invocation["id"])

    @property
    def handler(self) -> str:
        """The handler, as `shop.v1.Cart/AddTicket`."""
        return "/".join(self.invocation[f"target_{part}_name"] for part in ("service", "handler"))

    @property
    def key(self) -> str:
        """The object key or workflow id; empty for a plain service."""
        return self.invocation.get("target_service_key") or ""

    @property
    def status(self) -> str:
        """Its status: `suspended`, `completed`, ..."""
        return str(self.invocation["status"])

    @property
    def is_workflow(self) -> bool:
        """Whether its service is a workflow."""
        return self.invocation.get("target_service_ty") == "workflow"

    @property
    def version(self) -> int | None:
        """The version of the service protocol that it is pinned to; None before it began."""
        return self.invocation.get("pinned_service_protocol_version")

    @property
    def created_at(self) -> int:
        """When the server got it, in milliseconds since the Unix epoch."""
        return round(read_time(self.invocation["created_at"]).timestamp() * 1000)

    @property
    def awaited_ids(self) -> set[NotificationId] | None:
        """The ids of the notifications that it waits for; None if it is not suspended."""
        if self.status != "suspended" or len(self.entries) != self.invocation.get("journal_size"):
            return None  # its entries are newer than its status
        return {_id(leaf) for leaf in waited_for(self.invocation)}

    def frames(self) -> list[Frame]:
        """Return its entries as messages of the service protocol.

        Raises:
            UnreadableJournalError: the table does not have all of them.
        """
        frames: list[Frame] = []
        for index, row in enumerate(self.entries):
            if row["index"] != index:
                raise UnreadableJournalError(f"entry {index} is missing")
            if row.get("version") != 2:
                raise UnreadableJournalError(
                    "it is a journal of version 1, from before service protocol v4, whose entries "
                    "cannot be read any more"
                )
            if row.get("raw") is None:
                raise UnreadableJournalError(
                    f"the table does not have the content of entry {index}"
                )
            type_ = _TYPES.get(row["entry_type"])
            if type_ is None:
                raise UnreadableJournalError(
                    f"entry {index} has the unknown kind {row['entry_type']}"
                )
            try:
                frames.append((type_, bytes.fromhex(row["raw"])))
            except ValueError:
                raise UnreadableJournalError(f"the content of entry {index} is not hex") from None
        return frames


def _id(leaf: Mapping[str, Any]) -> NotificationId:
    if "SignalName" in leaf:
        return str(leaf["SignalName"])
    return -int(leaf["SignalIndex"]) if "SignalIndex" in leaf else int(leaf["CompletionId"])


def read_raw_journals(
    admin: AdminClient, services: Iterable[str], *, where: str = "", limit: int | None = None
) -> Iterator[RawJournal]:
    """Yield the journals of the newest invocations of services, the newest first.

    Args:
        admin: the admin API's client.
        services: the Restate names of the services.
        where: an SQL condition on the columns of `sys_invocation`; empty selects all.
        limit: how many at most; None for all.

    Raises:
        IngressError: a request failed; the condition may be wrong.
    """
    condition = any_of("target_service_name", services) + (f" AND ({where})" if where else "")
    tail = "" if limit is None else f" LIMIT {limit}"
    rows = admin.query(
        f"SELECT {', '.join(_COLUMNS)} FROM sys_invocation"  # noqa: S608 - it is the user's own
        f" WHERE {condition} ORDER BY created_at DESC, id{tail}"
    )
    for first in range(0, len(rows), _PAGE):
        yield from _read_page(admin, rows[first : first + _PAGE])


def _read_page(admin: AdminClient, rows: Sequence[Mapping[str, Any]]) -> Iterator[RawJournal]:
    """Read journals; those that have grown meanwhile are read again, to fit their invocations."""
    found = {row["id"]: RawJournal(row, ()) for row in rows}
    asked = list(found)
    for number in range(_ROUNDS):
        if number:
            fresh = admin.query(
                f"SELECT {', '.join(_COLUMNS)} FROM sys_invocation"  # noqa: S608 - literals are quoted
                f" WHERE {any_of('id', asked)}"
            )
            found.update((row["id"], RawJournal(row, ())) for row in fresh)
        entries: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for entry in admin.query(
            "SELECT id, index, entry_type, version, raw FROM sys_journal"  # noqa: S608 - literals are quoted
            f" WHERE {any_of('id', asked)} ORDER BY id, index"
        ):
            id_ = entry["id"]
            del entry["id"]
            entries[id_].append(entry)
        for id_ in asked:
            found[id_] = RawJournal(found[id_].invocation, entries[id_])
        asked = [id_ for id_ in asked if not _is_whole(found[id_])]
        if not asked:
            break
    yield from found.values()


def _is_whole(journal: RawJournal) -> bool:
    size = journal.invocation.get("journal_size")  # missing if it has not begun
    return size is None or len(journal.entries) == size
