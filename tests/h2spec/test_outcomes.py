"""How `make h2spec` judges h2spec's report."""

from __future__ import annotations

import pytest

from interop import toolchains
from restate_proto.http2.engines import ENGINES
from tests.h2spec.run import EXPECTED, Expected, complaints, main, read_expected, read_report

REPORT = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="4.2. Frame Size" package="http2/4.2" id="4.2" tests="2">
    <testcase package="http2/4.2" classname="Sends a DATA frame" time="0.0012"></testcase>
    <testcase package="http2/4.2" classname="Sends a large one" time="2.0054">
      <error>GOAWAY Frame
Connection closed</error>
    </testcase>
  </testsuite>
</testsuites>
"""
GOOD = "http2/4.2: Sends a DATA frame"
BAD = "http2/4.2: Sends a large one"


def test_a_report_names_each_case_and_what_was_wrong() -> None:
    assert read_report(REPORT) == {GOOD: None, BAD: "GOAWAY Frame\nConnection closed"}


def test_a_report_may_have_bytes_that_no_xml_has() -> None:
    report = REPORT.replace("GOAWAY", "GO\x00\x1bAWAY")
    assert read_report(report)[BAD] == "GO??AWAY Frame\nConnection closed"


def test_a_failure_is_as_expected_or_a_complaint() -> None:
    outcomes = read_report(REPORT)
    assert complaints(outcomes, Expected(2, {BAD: "why"})) == []
    (text,) = complaints(outcomes, Expected(2, {}))
    assert text.startswith(f"{BAD} fails")
    assert "Connection closed" in text


def test_an_expected_failure_that_passes_or_is_not_run_is_a_complaint() -> None:
    outcomes = read_report(REPORT)
    for name in (GOOD, "http2/9: Not run"):
        (text,) = complaints(outcomes, Expected(2, {BAD: "why", name: "why"}))
        assert text.startswith(f"{name} is in expected_failures.toml")


def test_cases_that_were_not_run_are_a_complaint() -> None:
    expected = Expected(3, {BAD: "why"})
    assert complaints(read_report(REPORT), expected) == ["2 cases were run, not 3"]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_expected_failure_has_its_reason(engine: str) -> None:
    expected = read_expected(EXPECTED.read_text("utf-8"), engine)
    assert expected.failures
    assert all(expected.failures.values())


def test_a_machine_without_go_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(toolchains, "search_path", lambda: "")
    assert main(["--check"]) == 3
    assert "go is not on PATH" in capsys.readouterr().out
