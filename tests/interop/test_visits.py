"""How the reports of visits to desks are judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from interop import matrix
from interop.cells import Cell, Outcome
from interop.limits import LIMITS, judge
from interop.visits import ERRANDS, check_visit, visit_cells, visit_request

if TYPE_CHECKING:
    from interop.contract import Contract

LANGUAGES = ("python", "java", "kotlin")


def cell(
    errand: str, caller: str = "java", callee: str = "python", *, outside: bool = True
) -> Cell:
    return Cell(caller, callee, "binary", "object", errand, outside=outside)


def right(contract: Contract, about: Cell) -> Any:
    """Return the report of a visit that went well."""
    request: Any = visit_request(contract, about)
    key, report = request.key, contract.visit_report()
    if about.mode == "typed key":
        text = f"{key.hall}/{key.row}/{key.color}/true"
        report.seen.CopyFrom(contract.desk_view(language=about.callee, text=text, key=key))
    elif about.mode == "bytes":
        report.image = request.document[::-1]
    elif about.mode == "rule":
        invalid = "invalid request: name: must be at least 2 characters"
        report.code, report.text = 400, f"polyglot.{about.callee}.v1.Desk/Register: {invalid}"
        report.broken_rules.append("string.min_len")
    else:
        report.code, report.text = 409, f"refused: {request.refused.reason}"
        report.refused.CopyFrom(request.refused)
    return report


def test_each_of_three_languages_visits_each_with_each_errand() -> None:
    cells = visit_cells(LANGUAGES)
    assert len(set(cells)) == 3 * 3 * 4 * 2


@pytest.mark.parametrize("errand", ERRANDS)
def test_what_is_right_and_what_is_missing(contract: Contract, errand: str) -> None:
    about = cell(errand)
    assert check_visit(contract, about, right(contract, about)) == []
    assert judge(Outcome(about, check_visit(contract, about, contract.visit_report())), []).failed


def test_a_plain_error_is_a_limit_of_the_sdk_of_java_and_kotlin_alone(contract: Contract) -> None:
    details = {"typed error": "refused", "rule": "broken_rules"}
    for about in (each for each in visit_cells(LANGUAGES) if each.mode in details):
        plain = right(contract, about)
        plain.ClearField(details[about.mode])
        outcome = judge(Outcome(about, check_visit(contract, about, plain)), LIMITS)
        typed = about.callee == "python" and (about.caller == "python" or about.outside)
        assert outcome.failed == typed, about
        assert outcome.limits == ([] if typed else ["e"])


def test_another_error_is_no_limit(contract: Contract) -> None:
    about = cell("typed error", callee="java")
    wrong = right(contract, about)
    wrong.refused.waiting = 7
    assert judge(Outcome(about, check_visit(contract, about, wrong)), LIMITS).failed


def test_no_language_may_take_a_guest_who_breaks_the_rules(contract: Contract) -> None:
    for callee in ("python", "java", "kotlin", "go", "typescript"):
        about = cell("rule", caller="python", callee=callee)
        taken = contract.visit_report()
        outcome = judge(Outcome(about, check_visit(contract, about, taken)), LIMITS)
        assert outcome.failed, callee


def test_visits_have_a_table() -> None:
    outcomes = [Outcome(each) for each in visit_cells(LANGUAGES)]
    lines = matrix.render(outcomes, LANGUAGES).splitlines()
    row = next(line for line in lines if line.startswith("visits to desks"))
    assert row.split() == ["visits", "to", "desks", "Python", "Java", "Kotlin"]
    after = lines[lines.index(row) + 1 :]
    assert (
        after[0]
        == "from Python to        \u2713\u2713\u2713\u2713        \u2713\u2713\u2713\u2713        \u2713\u2713\u2713\u2713"
    )
    assert after[6] == "The marks of a cell: typed key, typed error, rule, bytes."
