"""Save the journals of a test run, so that later versions of the code can be run on them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from restate_proto.ingress.introspection import read_raw_journals
from restate_proto.ingress.introspection.sql import literal
from restate_proto.testing.journals.files import save_journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from restate_proto.ingress.admin import AdminClient
    from restate_proto.ingress.admin_answers import Deployment
    from restate_proto.ingress.introspection import RawJournal

__all__ = ["FOLDER", "recorded_of", "save_if_asked"]

FOLDER: Final = "RESTATE_PROTO_SAVE_JOURNALS"
"""The environment variable with the folder for journals; pytest's option `--save-journals` sets
it."""


def save_if_asked(recorded: Callable[[], Iterable[RawJournal]]) -> None:
    """Save journals, if the environment variable names a folder.

    Args:
        recorded: returns the journals.

    Raises:
        OSError: a file cannot be written.
    """
    folder = os.environ.get(FOLDER)
    for journal in recorded() if folder else ():
        if journal.entries:
            save_journal(Path(str(folder)), journal)


def recorded_of(admin: AdminClient, deployment: Deployment) -> Iterator[RawJournal]:
    """Return the journals of all invocations that ran on a deployment.

    Raises:
        IngressError: a request failed.
    """
    where = f"pinned_deployment_id = {literal(deployment.id)}"
    return read_raw_journals(admin, deployment.services, where=where)
