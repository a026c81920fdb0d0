"""A change in what handlers do is found on the journals that they have written."""

from __future__ import annotations

import asyncio
import importlib.util
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from restate_proto.testing.journals.redaction import without_texts
from restate_proto.testing.journals.replayer import replay, replay_journals
from restate_proto.testing.journals.report import JournalsDifferError
from restate_proto.testing.journals.verdict import Outcome
from tests.testing.journals import trips
from tests.testing.journals.mutations import HARMLESS, MUTATIONS, UNSEEN_WITHOUT_TEXTS, Mutation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto import Endpoint
    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.testing.journals.report import ReplayReport

pytestmark = pytest.mark.server

TEXT = Path(trips.__file__).read_text("utf-8")


def mutated(mutation: Mutation, folder: Path) -> tuple[Endpoint, Path, range]:
    """Return the endpoint of the changed text, its file, and the lines around the change."""
    assert TEXT.count(mutation.old) == 1, "it has to say which place it changes"
    before, after = TEXT.split(mutation.old)
    name = f"changed_{uuid4().hex}"
    path = folder / f"{name}.py"
    path.write_text(before + mutation.new + after, "utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    first = before.count("\n") + 1
    rest = (mutation.new + after).partition("\n\n")[0]
    # What leads to an `except` is the line before it.
    return module.endpoint, path, range(first - 1, first + rest.count("\n") + 2)


def test_there_are_enough() -> None:
    assert len({each.what for each in MUTATIONS}) == len(MUTATIONS) >= 50


def test_the_same_code_does_the_same(recorded: list[RawJournal]) -> None:
    executed = list(trips.executed)
    report = replay(trips.endpoint, recorded)
    assert report.counts == {"ends": 11, "waits": 2, "goes-on": 1}
    assert trips.executed == executed, "no function of a run is called"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.what)
def test_each_is_found(mutation: Mutation, recorded: list[RawJournal], tmp_path: Path) -> None:
    endpoint, path, lines = mutated(mutation, tmp_path)
    with pytest.raises(JournalsDifferError) as raised:
        replay(endpoint, recorded)
    differences = raised.value.report.differences
    assert len({each.journal.handler for each in differences}) == 1
    for each in differences:
        file, _, line = str(each.line).rpartition(":")
        assert (file, int(line) in lines) == (str(path), True), each
        assert each.text
        assert f"{each.journal.id}  {each.journal.handler}" in str(raised.value)


@pytest.mark.parametrize("mutation", HARMLESS, ids=lambda mutation: mutation.what)
def test_what_no_attempt_repeats_is_told(
    mutation: Mutation, recorded: list[RawJournal], tmp_path: Path
) -> None:
    endpoint, path, lines = mutated(mutation, tmp_path)
    report = replay(endpoint, recorded)
    (told,) = report.of(Outcome.HARMLESS)
    file, _, line = str(told.line).rpartition(":")
    assert (file, int(line) in lines) == (str(path), True), told
    assert told.text


def test_redacted_journals_find_the_same(recorded: list[RawJournal], tmp_path: Path) -> None:
    def run(endpoint: Endpoint, journals: Sequence[RawJournal]) -> ReplayReport:
        return asyncio.run(replay_journals(endpoint, journals))

    report = run(trips.endpoint, recorded)
    journals = without_texts(report.verdicts, partial(run, trips.endpoint))
    assert all(each.is_faithful for each in journals)
    assert run(trips.endpoint, journals).counts == report.counts
    missed: list[str] = []
    for mutation in MUTATIONS:
        endpoint, *_ = mutated(mutation, tmp_path)
        if not run(endpoint, journals).differences:
            missed.append(mutation.what)
    assert set(missed) == UNSEEN_WITHOUT_TEXTS
