"""Print the output of `restate-proto invocations describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from restate_proto.cli.human_readable import console, show_ago, show_time
from restate_proto.cli.invocation_list import STATUS_STYLES, invocation_json
from restate_proto.cli.invocation_words import show_failed_command, show_wait, why
from restate_proto.cli.output import fail
from restate_proto.cli.payload_text import payload_json, show_failure, show_payload
from restate_proto.cli.printing import print_json
from restate_proto.contract.paths import printable
from restate_proto.ingress.introspection import (
    InvocationFilter,
    find_invocations,
    find_places,
    find_waits,
    first_behind,
    read_journal,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from restate_proto.cli.service_types import ServiceTypes
    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.introspection import (
        Invocation,
        Journal,
        JournalEntry,
        JournalResult,
        Place,
        Wait,
    )

__all__ = ["describe"]

_LONGEST = 500
_MOST_BEHIND = 5
_DEEPEST = 8


def describe(
    admin: AdminClient,
    invocation_id: str,
    types: ServiceTypes,
    *,
    last: int | None,
    full: bool,
    as_json: bool,
) -> None:
    """Print everything that Restate knows about an invocation.

    Args:
        admin: the admin API's client.
        invocation_id: its id.
        types: the contract that its payloads are read with.
        last: how many entries of its journal to print; None for all.
        full: whether long texts are printed in full.
        as_json: whether to print JSON.

    Raises:
        typer.Exit: there is no such invocation.
        IngressError: a request failed.
    """
    found = find_invocations(admin, InvocationFilter(ids=[invocation_id]))
    if not found:
        fail(f"there is no invocation {invocation_id}, or Restate has forgotten it")
    (invocation,) = found
    journal = read_journal(admin, invocation, last=last)
    waits = find_waits(admin, found).get(invocation.id, ())
    place = find_places(admin, found).get(invocation.id)
    if as_json:
        fields = invocation_json(invocation, waits, place)
        fields["journal"] = [_entry_json(entry, types) for entry in journal.entries]
        print_json(fields)
        return
    tree = Tree(_title(invocation))
    _Description(admin, types, full=full).fill(tree, invocation, waits, place, journal)
    console().print(tree)


class _Description:
    """Builds the tree that describes an invocation."""

    def __init__(self, admin: AdminClient, types: ServiceTypes, *, full: bool) -> None:
        self._admin = admin
        self._types = types
        self._full = full
        self._explained: set[str] = set()

    def fill(
        self,
        tree: Tree,
        invocation: Invocation,
        waits: tuple[Wait, ...],
        place: Place | None,
        journal: Journal,
    ) -> None:
        for name, value in self._facts(invocation):
            tree.add(Text.assemble((f"{name} ", "bold"), self._shortened(value)))
        if not invocation.is_over:
            self._explain(tree, invocation, waits, place, _DEEPEST)
        ids, size = first_behind(self._admin, invocation, _MOST_BEHIND)
        if size:
            key = printable(invocation.key or "")
            branch = tree.add(Text.assemble(("behind it ", "bold"), f"{size} for key {key}"))
            for each in ids:
                branch.add(each)
            if size > len(ids):
                branch.add(f"and {size - len(ids)} more")
        self._add_journal(tree, invocation, journal)

    def _facts(self, invocation: Invocation) -> Iterator[tuple[str, str]]:
        now = invocation.asked_at
        yield "created", f"{_time_and_age(invocation.created_at, now)}, {_origin(invocation)}"
        if invocation.restarted_from is not None:
            yield "restarted from", invocation.restarted_from
        if invocation.idempotency_key is not None:
            yield "idempotency key", printable(invocation.idempotency_key)
        if invocation.deployment_id is not None:
            yield "deployment", invocation.deployment_id
        if invocation.attempts and invocation.last_start_at is not None:
            last = _time_and_age(invocation.last_start_at, now)
            yield "attempts", f"{invocation.attempts}, the last one {last}"
        if invocation.next_retry_at is not None:
            yield "next attempt", _time_and_age(invocation.next_retry_at, now)
        if invocation.failure is not None:
            at = show_failed_command(invocation)
            code = f" ({invocation.failure_code})" if invocation.failure_code else ""
            yield "last failure", f"{invocation.failure}{code}{f', {at}' if at else ''}"
        if invocation.completed_at is not None:
            yield "completed", f"{_time_and_age(invocation.completed_at, now)}"
        if invocation.result_failure is not None:
            yield "failed", invocation.result_failure

    def _explain(
        self,
        tree: Tree,
        invocation: Invocation,
        waits: tuple[Wait, ...],
        place: Place | None,
        depth: int,
    ) -> None:
        """Add what an invocation waits for, and then what those invocations wait for."""
        self._explained.add(invocation.id)
        waiting: list[tuple[str, str | None]] = [
            (show_wait(wait, invocation.asked_at), wait.invocation_id) for wait in waits
        ]
        if place is not None:
            waiting.append((why(invocation, waits, place), place.holder_id))
        title = "may wait for" if invocation.status == "running" else "waits for"
        for text, other in waiting:
            branch = tree.add(Text.assemble((f"{title} ", "bold"), self._shortened(text)))
            if other is not None and other not in self._explained and depth:
                self._explain_other(branch, other, depth - 1)

    def _explain_other(self, tree: Tree, invocation_id: str, depth: int) -> None:
        found = find_invocations(self._admin, InvocationFilter(ids=[invocation_id]))
        if not found:
            tree.add(f"{invocation_id} is not known")
            return
        (other,) = found
        waits = find_waits(self._admin, found).get(other.id, ())
        place = find_places(self._admin, found).get(other.id)
        branch = tree.add(
            Text.assemble(_title(other), f": {why(other, (), place)}" if not waits else "")
        )
        if not other.is_over:
            # The place in the queue is printed already, and the holder of the key comes below it.
            self._explain(branch, other, waits, place, depth)

    def _add_journal(self, tree: Tree, invocation: Invocation, journal: Journal) -> None:
        if not journal.entries:
            reason = "is empty" if not invocation.is_over else "is not kept"
            tree.add(Text.assemble(("journal ", "bold"), reason))
            return
        branch = tree.add(Text("journal", "bold"))
        if journal.left_out:
            branch.add(f"{journal.left_out} entries before these; --entries 0 shows all")
        for entry in journal.entries:
            self._add_entry(branch, entry)

    def _add_entry(self, tree: Tree, entry: JournalEntry) -> None:
        title = " ".join(filter(None, (entry.what, printable(entry.subject))))
        name = f' "{printable(entry.name)}"' if entry.name else ""
        branch = tree.add(Text.assemble((f"{entry.index} ", "dim"), f"{title}{name}"))
        if entry.invocation_id is not None:
            branch.add(entry.invocation_id)
        if entry.payload is not None:
            branch.add(self._shortened(show_payload(self._types, entry.payload)))
        if entry.result is not None:
            text = self._show_result(entry.result)
            style = "red" if entry.result.failure is not None else ""
            branch.add(Text(f"-> {self._shortened(text)}", style))
        elif entry.awaits_result:
            branch.add(Text("no result yet", "yellow"))
        for failure in entry.failures:
            when = "" if failure.at is None else f" {show_time(failure.at)}"
            text = f"failed here{when}: [{failure.code}] {printable(failure.message)}"
            branch.add(Text(self._shortened(text), "red"))

    def _show_result(self, result: JournalResult) -> str:
        if result.failure is not None:
            return show_failure(self._types, result.failure)
        if result.payload is not None:
            return show_payload(self._types, result.payload)
        return printable(result.text) or "nothing"

    def _shortened(self, text: str) -> str:
        shown = printable(text)
        if self._full or len(shown) <= _LONGEST:
            return shown
        return f"{shown[:_LONGEST]}... ({len(shown)} characters; --full shows all)"


def _title(invocation: Invocation) -> Text:
    return Text.assemble(
        (invocation.id, "bold"),
        f" {printable(invocation.target)} ",
        (invocation.status, STATUS_STYLES.get(invocation.status, "")),
    )


def _time_and_age(time: datetime, now: datetime) -> str:
    return f"{show_time(time)} ({show_ago(time, now)})"


def _origin(invocation: Invocation) -> str:
    match invocation.invoked_by:
        case "service" if invocation.caller_id is not None:
            return f"by {printable(invocation.caller or '')} ({invocation.caller_id})"
        case "subscription" if invocation.caller is not None:
            return f"by the subscription {invocation.caller}"
        case "restart_as_new":
            return "by a restart"
        case "ingress":
            return "through the ingress"
        case other:
            return f"by {other}"


def _entry_json(entry: JournalEntry, types: ServiceTypes) -> dict[str, Any]:
    fields: dict[str, Any] = {"index": entry.index, "what": entry.what}
    if entry.name:
        fields["name"] = entry.name
    if entry.subject:
        fields["subject"] = entry.subject
    if entry.invocation_id is not None:
        fields["invocation_id"] = entry.invocation_id
    if entry.payload is not None:
        fields["payload"] = payload_json(types, entry.payload)
    if entry.result is not None:
        fields["result"] = _result_json(entry.result, types)
    elif entry.awaits_result:
        fields["result"] = None
    if entry.failures:
        fields["failures"] = [
            {"code": each.code, "message": each.message} for each in entry.failures
        ]
    return fields


def _result_json(result: JournalResult, types: ServiceTypes) -> dict[str, Any]:
    if result.failure is not None:
        return {"failure": {"code": result.failure.code, "message": result.failure.message}}
    if result.payload is not None:
        return {"value": payload_json(types, result.payload)}
    return {"value": result.text or None}
