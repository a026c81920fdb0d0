"""The input of a program that calls from outside, and how its output is read."""

from __future__ import annotations

import asyncio
import sys
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from interop.cells import outside_cells
from interop.commands import Command
from interop.languages import all_languages
from interop.limits import LIMITS, judge
from interop.outside import play_program
from interop.reading import read

if TYPE_CHECKING:
    from interop.cells import Outcome
    from interop.contract import Contract

GO = [language for language in all_languages() if language.name == "go"]
CELLS = outside_cells("java", ["go"])


def play(contract: Contract, folder: Path, code: str) -> list[Outcome]:
    """Play the cells to Go with one case, and a program that is written in Python."""
    program = Command((sys.executable, "-c", code), folder)
    cases = {"case": contract.values(words=["a"])}
    requests = folder / "requests"
    address = "http://127.0.0.1:8080"
    return asyncio.run(play_program("java", program, address, contract, GO, cases, requests))


PRINTS_REPORTS = "print('a log line'); print(open('reports').read())"


def reports(contract: Contract, **wrong: str) -> str:
    lines: list[str] = []
    for cell in CELLS:
        key = "" if cell.kind == "service" else cell.key("case")
        values = contract.values(words=["a"])
        about = {"values": values, "fields": read(values), "encoding": cell.encoding, "key": key}
        callee = contract.view(language="go", **{**about, **wrong})
        later = {} if cell.kind == "service" else {"later_view": callee}
        caller = contract.view(language="java", **about)
        message = contract.call_report(callee_view=callee, caller_view=caller, **later)
        lines.append(f"report {b64encode(message.SerializeToString()).decode()}")
    return "\n".join(lines)


def test_a_program_gets_the_address_and_a_request_for_each_exchange(
    contract: Contract, tmp_path: Path
) -> None:
    play(contract, tmp_path, "import sys; open('argv', 'w').write(' '.join(sys.argv[1:]))")
    assert (tmp_path / "argv").read_text() == f"http://127.0.0.1:8080 {tmp_path / 'requests'}"
    values = contract.values(words=["a"])
    lines = (tmp_path / "requests").read_text().splitlines()
    assert [contract.call_request.FromString(b64decode(line)) for line in lines] == [
        contract.request(cell, cell.key("case"), values) for cell in CELLS
    ]


def test_what_it_reports_is_compared_with_what_was_sent(contract: Contract, tmp_path: Path) -> None:
    (tmp_path / "reports").write_text(reports(contract))
    outcomes = play(contract, tmp_path, PRINTS_REPORTS)
    assert [(outcome.cell, list(outcome.problems)) for outcome in outcomes] == [
        (cell, []) for cell in CELLS
    ]
    (tmp_path / "reports").write_text(reports(contract, encoding="another"))
    outcomes = play(contract, tmp_path, PRINTS_REPORTS)
    assert {problem.what for outcome in outcomes for problem in outcome.problems} == {"encoding"}


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("print('failed [400] no\\n' * 12)", "[400] no"),
        ("print('something else')", "and said nothing"),
        ("print('report x'); print('broken'); exit(1)", "status 1\nbroken"),
    ],
)
def test_what_it_does_not_report_has_failed(
    contract: Contract, tmp_path: Path, code: str, text: str
) -> None:
    outcomes = play(contract, tmp_path, code)
    assert [outcome.cell for outcome in outcomes] == CELLS
    for outcome in outcomes:
        [problem] = outcome.problems
        assert problem.what == "failed"
        assert text in problem.text
        assert judge(outcome, LIMITS).failed
