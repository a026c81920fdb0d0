"""Journals in files: what is written is read back, and a file that is not a journal is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Script
from restate_proto.testing import JournalFileError, replay
from restate_proto.testing.journals.files import load_journals, save_journal
from tests.testing.journals import trips
from tests.testing.journals.journal import ID, input_of, journal, run

if TYPE_CHECKING:
    from pathlib import Path

PERFORM = "conformance.v1.Clerk/Perform"


def test_what_is_written_is_read(tmp_path: Path) -> None:
    whole = journal(PERFORM, input_of(Script(name="ä")), run(1, "x"), target_service_key="ä")
    other_id = ID.replace("inv_11", "inv_12")
    other = replace(journal(PERFORM, id=other_id), is_redacted=True, is_faithful=False)
    folder = tmp_path / "new" / "journals"
    assert save_journal(folder, whole) == folder / f"{ID}.json"
    save_journal(folder, other)
    assert list(load_journals(folder)) == [whole, other]
    assert list(load_journals(str(folder / f"{ID}.json"))) == [whole]
    text = (folder / f"{ID}.json").read_text("utf-8")
    assert len([line for line in text.splitlines() if '"entry_type"' in line]) == 2, "a line each"


def test_a_folder_is_replayed(tmp_path: Path) -> None:
    save_journal(tmp_path, journal(PERFORM, input_of(Script())))
    assert replay(trips.endpoint, tmp_path).counts == {"goes-on": 1}
    assert replay(trips.endpoint, str(tmp_path)).counts == {"goes-on": 1}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "it is not JSON"),
        ("[]", "it is not a journal in this format"),
        ('{"format": 2}', "it is not a journal in this format"),
        ('{"format": 1}', "it is not a journal: KeyError"),
        ('{"format": 1, "invocation": {"id": "7"}, "entries": []}', "'7' is not an invocation id"),
        (f'{{"format": 1, "invocation": {{"id": "{ID}"}}, "entries": []}}', "target_service_name"),
    ],
)
def test_what_is_not_a_journal(text: str, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(JournalFileError) as raised:
        list(load_journals(tmp_path))
    assert str(raised.value).startswith(f"{path}: it is not ")
    assert problem in str(raised.value)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JournalFileError, match="there are no journals"):
        list(load_journals(tmp_path))
    with pytest.raises(JournalFileError, match="No such file"):
        list(load_journals(tmp_path / "missing"))


def test_it_is_json(tmp_path: Path) -> None:
    recorded = journal(PERFORM, input_of(Script()))
    document = json.loads(save_journal(tmp_path, recorded).read_bytes())
    assert document["invocation"]["id"] == ID
    assert document["entries"] == list(recorded.entries)
