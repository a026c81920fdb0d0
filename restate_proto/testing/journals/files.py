"""Read and write journals as JSON files, one for each invocation, with its rows in SQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from restate_proto.errors import RestateError
from restate_proto.ingress.introspection import RawJournal
from restate_proto.protocol.ids import invocation_id_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["JournalFileError", "load_journals", "save_journal"]

_FORMAT = 1


class JournalFileError(RestateError):
    """A file or a folder has no journals; the text is one line for the user."""


def save_journal(folder: Path, journal: RawJournal) -> Path:
    """Write a journal to a file that is named after its invocation.

        folder: the folder of the file; it is created if needed.
        folder: where it goes; it is made where it is not there.
        journal: the journal.

    Returns:
        The file.

    Raises:
        OSError: it cannot be written.
    """
    document: dict[str, Any] = {"format": _FORMAT}
    if journal.is_redacted:
        document["redacted"] = {"faithful": journal.is_faithful}
    document["invocation"] = dict(journal.invocation)
    head = json.dumps(document, ensure_ascii=False, indent=1).removesuffix("\n}")
    rows = ",\n".join(f"  {json.dumps(dict(row))}" for row in journal.entries)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{journal.id}.json"
    path.write_text(f'{head},\n "entries": [\n{rows}\n ]\n}}\n', "utf-8")
    return path


def load_journals(path: str | Path) -> Iterator[RawJournal]:
    """Read the journals of a folder, or of a single file, in the order of the file names.

    Raises:
        JournalFileError: there are no journals, or a file is not a journal.
    """
    path = Path(path)
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise JournalFileError(f"{path}: there are no journals (*.json) in it")
    for file in files:
        yield _load(file)


def _load(file: Path) -> RawJournal:
    try:
        document: Any = json.loads(file.read_bytes())
    except OSError as error:
        raise JournalFileError(f"{file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise JournalFileError(f"{file}: it is not JSON: {error}") from None
    found = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    if found.get("format") != _FORMAT:
        raise JournalFileError(
            f"{file}: it is not a journal in this format ({_FORMAT}); save it again with "
            "`restate-proto replay --save`"
        )
    try:
        return _read(found)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise JournalFileError(f"{file}: it is not a journal: {error!r}") from None


# The types of the columns; those that are named first are required.
_TEXTS: Final = ("id", "target_service_name", "target_handler_name", "status", "created_at")
_INVOCATION: Final = {
    **dict.fromkeys(_TEXTS, str),
    "target_service_key": str,
    "idempotency_key": str,
    "scope": str,
    "limit_key": str,
    "restarted_from": str,
    "completion_result": str,
    "journal_size": int,
    "pinned_service_protocol_version": int,
    "suspended_waiting_future_json": str,
    "random_seed": int,
}
_ENTRY: Final = {"index": int, "entry_type": str, "version": int, "raw": str}


def _check(row: Mapping[str, Any], columns: Mapping[str, type], needed: Sequence[str]) -> None:
    """Raise KeyError or TypeError if a column is missing or has another type."""
    for name, type_ in columns.items():
        value = row[name] if name in needed else row.get(name)
        if not isinstance(value, type_) and (value is not None or name in needed):
            raise TypeError(f"{name}: {value!r}")


def _read(document: Mapping[str, Any]) -> RawJournal:
    for row in (document["invocation"], *document["entries"]):
        if not isinstance(row, dict):
            raise TypeError(f"a row: {row!r}")
    invocation_id_bytes(str(document["invocation"]["id"]))
    _check(document["invocation"], _INVOCATION, _TEXTS)
    for row in document["entries"]:
        _check(row, _ENTRY, ("index", "entry_type"))
    redacted = document.get("redacted")
    journal = RawJournal(
        document["invocation"],
        document["entries"],
        is_redacted=redacted is not None,
        is_faithful=redacted is None or bool(redacted["faithful"]),
    )
    # Parsed here, because later code takes it for granted that these can be.
    _ = journal.created_at, journal.awaited_ids
    return journal
