"""What the soak counts as a loss, a duplicate and so on, and nothing else."""

from __future__ import annotations

import pytest

from soak.v1.soak_pb2 import BookKey, Entry, Order
from tests.soak.audit import Findings, audit

ORDER = Order(id="1-1", book=BookKey(volume=1, shelf="A"))
TOKENS = {"loop": "t1", "thread": "t2", "step": "t3"}
ENTRIES = [
    Entry(id="1-1/given-up"),
    *(Entry(id=f"1-1/{name}", token=token) for name, token in TOKENS.items()),
]
EXECUTED = {f"1-1/{name}": [token] for name, token in TOKENS.items()}


def look(
    entries: list[Entry],
    executed: dict[str, list[str]] | None = None,
    told: list[Entry] | None = None,
    other_book: list[Entry] | None = None,
) -> Findings:
    books = {"1/A": entries, "1/B": other_book or []}
    executed = EXECUTED if executed is None else executed
    return audit([("run", ORDER)], ENTRIES if told is None else told, books, executed)


def wrongs(findings: Findings) -> dict[str, int]:
    assert findings.effects == 4
    found = {
        "losses": findings.losses,
        "duplicates": findings.duplicates,
        "strangers": findings.strangers,
        "disorder": findings.disorder,
        "contradictions": findings.contradictions,
    }
    return {name: len(examples) for name, examples in found.items() if examples}


def test_each_effect_once_is_right() -> None:
    assert wrongs(look(ENTRIES)) == {}


def test_a_run_may_be_executed_again() -> None:
    findings = look(ENTRIES, {**EXECUTED, "1-1/step": ["t0", "t3", "t4"]})
    assert wrongs(findings) == {}
    assert findings.repeated_runs == 2


def test_one_that_is_not_there_is_lost() -> None:
    assert wrongs(look(ENTRIES[:-1])) == {"losses": 1}


def test_one_that_is_there_twice() -> None:
    assert wrongs(look([*ENTRIES, ENTRIES[2]])) == {"duplicates": 1}


def test_one_that_is_in_two_books() -> None:
    assert wrongs(look(ENTRIES, other_book=[ENTRIES[2]])) == {"duplicates": 1}


def test_one_that_is_in_another_book() -> None:
    assert wrongs(look(ENTRIES[:-1], other_book=ENTRIES[-1:])) == {"contradictions": 1}


def test_one_that_nobody_has_ordered() -> None:
    assert wrongs(look([*ENTRIES, Entry(id="1-2/run")])) == {"strangers": 1}
    assert wrongs(look(ENTRIES, {**EXECUTED, "1-2/run": ["t"]})) == {"strangers": 1}


def test_those_that_are_in_another_order() -> None:
    assert wrongs(look(ENTRIES[::-1])) == {"disorder": 1}


@pytest.mark.parametrize("executed", [{}, {**EXECUTED, "1-1/step": ["another"]}])
def test_a_result_that_no_execution_had(executed: dict[str, list[str]]) -> None:
    assert wrongs(look(ENTRIES, executed)).keys() == {"contradictions"}


def test_a_client_was_told_something_else() -> None:
    told = [Entry(id="1-1/step", token="another")]
    assert wrongs(look(ENTRIES, told=told)) == {"contradictions": 1}
