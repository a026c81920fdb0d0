"""Outcomes of cells: right, known limit, or failure; and how they are shown."""

from __future__ import annotations

from typing import Any

import pytest

from interop import matrix
from interop.cells import Cell, Outcome, Problem, all_cells, outside_cells
from interop.checks import check_report
from interop.contract import Contract
from interop.limits import LIMITS, Limit, judge
from interop.reading import read
from interop.wire import Payload, check_payloads

OBJECT = Cell("go", "java", "binary", "object", "call")
SERVICE = Cell("go", "java", "binary", "service", "call")


def view(contract: Contract, values: Any, **others: str) -> Any:
    others = {"language": "java", "encoding": "binary", "key": "k", **others}
    return contract.view(values=values, fields=read(values), **others)


def report(contract: Contract, values: Any, **views: Any) -> Any:
    views = {
        "callee_view": view(contract, values),
        "caller_view": view(contract, values, language="go"),
        "later_view": view(contract, values),
        **views,
    }
    return contract.call_report(**views)


def test_a_report_that_is_right_has_no_problems(contract: Contract) -> None:
    values = contract.values(words=["a"])
    assert check_report(OBJECT, "case", "k", values, report(contract, values)) == []


@pytest.mark.parametrize("seen_by", ["callee", "caller", "later"])
def test_a_wrong_field_of_any_view_is_a_problem(contract: Contract, seen_by: str) -> None:
    sent, other = contract.values(int64_value=1), contract.values(int64_value=2)
    language = "go" if seen_by == "caller" else "java"
    wrong = {f"{seen_by}_view": view(contract, other, language=language)}
    problems = check_report(OBJECT, "case", "k", sent, report(contract, sent, **wrong))
    assert [(problem.seen_by, problem.what) for problem in problems] == [
        (seen_by, "int64_value"),
        (seen_by, "values.int64_value"),
    ]
    assert "int64_value: 2 instead of 1" in str(problems[0])


@pytest.mark.parametrize(
    ("what", "wrong"), [("language", "go"), ("encoding", "json"), ("key", "another")]
)
def test_a_view_says_whose_it_is(contract: Contract, what: str, wrong: str) -> None:
    values = contract.values()
    views = {"callee_view": view(contract, values, **{what: wrong})}
    problems = check_report(OBJECT, "case", "k", values, report(contract, values, **views))
    assert [problem.what for problem in problems] == [what]


def test_a_missing_view_is_a_problem(contract: Contract) -> None:
    values = contract.values()
    incomplete = report(contract, values)
    incomplete.ClearField("later_view")
    problems = check_report(OBJECT, "case", "k", values, incomplete)
    assert {problem.seen_by for problem in problems} == {"later"}


def test_a_plain_service_has_no_key_and_is_asked_once(contract: Contract) -> None:
    values = contract.values()
    right = report(contract, values, callee_view=view(contract, values, key=""))
    assert [p.what for p in check_report(SERVICE, "case", "k", values, right)] == ["later_view"]
    right.ClearField("later_view")
    assert check_report(SERVICE, "case", "k", values, right) == []


LIMIT = Limit(
    "x",
    "Java drops words.",
    shows=lambda cell: cell.callee == "java",
    explains=lambda problem: problem.what == "words",
)
KNOWN = Problem("case", "callee", "words", "words: nothing instead of a")
UNKNOWN = Problem("case", "callee", "color", "color: 0 instead of 1")


def test_a_known_limit_is_no_failure() -> None:
    outcome = judge(Outcome(OBJECT, [KNOWN]), [LIMIT])
    assert (outcome.failed, outcome.limits, matrix.mark(outcome)) == (False, ["x"], "x")


def test_what_no_limit_explains_is_a_failure() -> None:
    outcome = judge(Outcome(OBJECT, [KNOWN, UNKNOWN]), [LIMIT])
    assert (outcome.failed, outcome.limits, matrix.mark(outcome)) == (True, ["x"], "✗")


def test_a_limit_explains_nothing_elsewhere() -> None:
    elsewhere = Cell("java", "go", "binary", "object", "call")
    assert judge(Outcome(elsewhere, [KNOWN]), [LIMIT]).failed


def test_a_limit_that_does_not_show_is_a_failure() -> None:
    outcome = judge(Outcome(OBJECT), [LIMIT])
    assert outcome.failed
    assert "limit x did not show" in matrix.failures([outcome])


def test_the_letters_of_the_limits_differ() -> None:
    assert len({limit.mark for limit in LIMITS}) == len(LIMITS)


def test_the_matrix_has_a_cell_for_each_way_of_each_pair() -> None:
    cells = all_cells(["python", "java", "kotlin", "go", "typescript"])
    assert len(set(cells)) == 300
    cells += outside_cells("python", ["python", "go"])
    assert len({cell.key("case") for cell in cells}) == len(set(cells)) == 324


def test_the_matrix_for_people() -> None:
    languages = ["go", "java"]
    outcomes = [Outcome(cell) for cell in all_cells(languages) if cell.kind != "workflow"]
    failed = Outcome(Cell("go", "java", "json", "service", "send"), [UNKNOWN])
    outcomes = [failed if outcome.cell == failed.cell else outcome for outcome in outcomes]
    outcomes.append(Outcome(Cell("ingress", "java", "binary", "service", "kept")))
    outcomes += [Outcome(cell) for cell in outside_cells("python", ["java"])]
    lines = matrix.render(outcomes, languages).splitlines()
    assert lines[:4] == [
        "binary                Go          Java",
        "from Go to            ✓✓ ✓✓ --    ✓✓ ✓✓ --",
        "from Java to          ✓✓ ✓✓ --    ✓✓ ✓✓ --",
        "Python, outside, to   -- -- --    ✓✓ ✓✓ ✓✓",
    ]
    assert sum(line.startswith("Python, outside") for line in lines) == 2
    assert "from Go to            ✓✓ ✓✓ --    ✓✗ ✓✓ --" in lines
    assert "kept                  -           ✓           and they come back" in lines
    assert matrix.summary(outcomes) == "45 cells: 44 passed, 0 with a known limit, 1 failed"
    assert matrix.failures(outcomes).splitlines() == [
        "✗ go -> java (send, service, json)",
        "    case, callee: color: 0 instead of 1",
    ]


def test_failures_are_cut_where_they_are_many() -> None:
    lines = matrix.failures([Outcome(OBJECT, [UNKNOWN] * 9)], most=4).splitlines()
    assert len(lines) == 5
    assert lines[-1] == "and 6 lines more; --json has them all"


def test_footnotes_are_of_the_limits_that_showed() -> None:
    outcome = judge(Outcome(OBJECT, [KNOWN]), [LIMIT])
    lines = matrix.footnotes([outcome], [LIMIT, *LIMITS], ["A note."]).splitlines()
    assert lines == [
        "x  Java drops words.",
        f"   Cells: 1, such as {OBJECT}: {KNOWN}",
        "*  A note.",
    ]


def test_the_matrix_as_json() -> None:
    limited = judge(Outcome(OBJECT, [KNOWN]), [LIMIT])
    written = matrix.as_json([limited, Outcome(SERVICE)], [LIMIT], ["A note."])
    first, second = written["cells"]
    assert first == {
        "caller": "go",
        "callee": "java",
        "encoding": "binary",
        "kind": "object",
        "mode": "call",
        "replays": False,
        "outside": False,
        "result": "limited",
        "limits": ["x"],
        "problems": ["case, callee: words: nothing instead of a"],
    }
    assert second["result"] == "passed"
    assert written["limits"] == {"x": "Java drops words."}


PACKAGES = {"go": "polyglot.golang.v1", "java": "polyglot.java.v1"}
TO_JAVA = ("polyglot.golang.v1.Caller", "polyglot.java.v1.Locker")


@pytest.mark.parametrize(
    ("contents", "texts"),
    [
        ([b"\x08\x01", b""], []),
        ([b"\x08\x01", b'{"a":1}'], ["not binary: b'{\"a\":1}'"]),
        ([b""], ["nothing was seen on the wire"]),
    ],
)
def test_what_is_on_the_wire_is_binary_where_it_should_be(
    contents: list[bytes], texts: list[str]
) -> None:
    seen = [Payload(*TO_JAVA, content) for content in contents]
    [outcome] = check_payloads([Outcome(OBJECT, [UNKNOWN])], seen, PACKAGES)
    assert outcome.problems[0] == UNKNOWN
    assert [problem.text for problem in outcome.problems[1:]] == texts


def test_what_is_on_the_wire_is_json_where_it_should_be() -> None:
    cell = Cell("java", "go", "json", "workflow", "send")
    caller, callee = "polyglot.java.v1.Caller", "polyglot.golang.v1.JsonJourney"
    seen = [Payload(caller, callee, b"{}"), Payload(caller, callee, b"\x08\x01")]
    [outcome] = check_payloads([Outcome(cell)], seen, PACKAGES)
    assert [problem.text for problem in outcome.problems] == ["not json: b'\\x08\\x01'"]
