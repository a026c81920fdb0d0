"""Every case of the official state machine has its tests here, or a reason why it has none."""

from __future__ import annotations

from pathlib import Path

from tests.case_tables import CaseTable

TABLE = CaseTable.read(Path(__file__).with_name("shared_core_cases.toml"))


def test_the_table_is_complete() -> None:
    assert TABLE.problems == ()
    assert (len(TABLE.tests), len(TABLE.without)) == (239, 42)


def test_the_tests_are_there() -> None:
    assert TABLE.missing() == []
