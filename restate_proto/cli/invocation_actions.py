"""Carry out `restate-proto invocations cancel`, `kill`, `pause`, `resume` and so on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

import typer

from restate_proto.cli.admin import confirm
from restate_proto.cli.invocation_list import count_words
from restate_proto.cli.output import FAILED, MISUSED, fail
from restate_proto.contract.paths import printable
from restate_proto.ingress.errors import IngressError
from restate_proto.ingress.introspection import STATUSES, find_invocations
from restate_proto.ingress.requests import AdminAction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.admin_answers import ActionReceipt
    from restate_proto.ingress.introspection import Invocation, InvocationFilter

__all__ = ["act"]

_UNFINISHED = STATUSES[:-1]
_FINISHED = STATUSES[-1:]

# The answers that mean that an invocation has ended since it was found, or was forgotten.
_OVER = (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND)


@dataclass(frozen=True, slots=True)
class _Words:
    """The words for an action.

    Args:
        question: asks whether to do it to a number of invocations.
        done: says that it was done.
        accepted: says that Restate will do it later.
        already: says that there was nothing to do; empty if that counts as a failure.
        statuses: the statuses in which it can be done; a filter without a status means these.
    """

    question: str
    done: str
    accepted: str
    already: str
    statuses: tuple[str, ...]


_ACTIONS = {
    AdminAction.CANCEL: _Words(
        "Cancel",
        "cancelled",
        "is being cancelled, and ends when its handler has cleaned up",
        "has ended already",
        _UNFINISHED,
    ),
    AdminAction.KILL: _Words("Kill", "killed", "", "has ended already", _UNFINISHED),
    AdminAction.PAUSE: _Words("Pause", "is paused", "pauses", "", ("running", "backing-off")),
    AdminAction.RESUME: _Words("Resume", "goes on", "", "", ("paused", "backing-off")),
    AdminAction.RESTART_AS_NEW: _Words("Restart as new", "restarted as", "", "", _FINISHED),
    AdminAction.PURGE: _Words("Purge", "purged", "", "", _FINISHED),
}


def act(
    admin: AdminClient,
    name: str,
    wanted: InvocationFilter,
    *,
    yes: bool,
    deployment: str | None = None,
    from_entry: int | None = None,
) -> None:
    """Act on all invocations that match a filter, and say what happened to each.

    Args:
        admin: the admin API's client.
        name: the name of the command.
        wanted: the filter; if it has ids, each of them must exist.
        yes: whether not to ask first.
        deployment: the deployment to go on with, for actions that can choose it.
        from_entry: the last journal entry that a new invocation takes over.

    Raises:
        typer.Exit: there is no terminal to ask on, or the action failed for an invocation.
        typer.Abort: the answer is no.
        IngressError: the invocations cannot be found, or the server is gone.
    """
    action = AdminAction(name)
    words = _ACTIONS[action]
    if not wanted.ids and not wanted.statuses:
        wanted = replace(wanted, statuses=words.statuses)
    found = find_invocations(admin, wanted)
    missing = [each for each in wanted.ids if each not in {one.id for one in found}]
    for each in missing:
        typer.echo(f"{printable(each)}: there is no such invocation", err=True)
    if not found and not missing:
        typer.echo("no invocations")
        return
    if found:
        _confirm(words, found, yes=yes)
    failed = len(missing)
    for each in found:
        failed += not _act_on(admin, action, each, deployment=deployment, from_entry=from_entry)
    if failed:
        raise typer.Exit(FAILED)


def _confirm(words: _Words, found: list[Invocation], *, yes: bool) -> None:
    if yes:
        return
    if len(found) == 1:
        (only,) = found
        what = f"{only.id} ({printable(only.target)}, {only.status})"
    else:
        what = count_words(Counter(each.status for each in found))
        for target, count in _by_handler(found):
            typer.echo(f"  {count} of {printable(target)}", err=True)
    confirm(f"{words.question} {what}?", yes=yes)


def _by_handler(found: Iterable[Invocation]) -> list[tuple[str, int]]:
    return sorted(Counter(f"{each.service}/{each.handler}" for each in found).items())


def _act_on(
    admin: AdminClient,
    action: AdminAction,
    invocation: Invocation,
    *,
    deployment: str | None,
    from_entry: int | None,
) -> bool:
    """Act on one invocation, and return whether that was successful."""
    words = _ACTIONS[action]
    what = f"{invocation.id} {printable(invocation.target)}"
    try:
        receipt = admin.act(action, invocation.id, deployment=deployment, from_entry=from_entry)
    except IngressError as error:
        if error.status in _OVER and words.already:
            typer.echo(f"{what}: {words.already}")
            return True
        if error.status is None:
            raise
        if error.status == HTTPStatus.BAD_REQUEST and deployment is not None:
            fail(f"{what}: {error.reason}", code=MISUSED)
        typer.echo(f"{what}: not done: {_reason(invocation, error)}", err=True)
        return False
    typer.echo(f"{what}: {_show_receipt(words, receipt)}")
    return True


def _show_receipt(words: _Words, receipt: ActionReceipt) -> str:
    if receipt.new_invocation_id is not None:
        return f"{words.done} {receipt.new_invocation_id}"
    return words.done if receipt.is_done else words.accepted


def _reason(invocation: Invocation, error: IngressError) -> str:
    """Return Restate's reason without the id, because the line begins with that."""
    reason = (error.reason or str(error)).rstrip(".")
    return printable(reason.replace(f"The invocation '{invocation.id}' ", "it "))
