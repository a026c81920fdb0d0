"""What is reported of a changed contract, where, and that the safe way is safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest
from evolution_cases import CASES, CONTRACT, Case, edited

from restate_proto.plugin.evolution import RULES, ContractVersion, Severity, compare
from restate_proto.plugin.parse import parse_files
from restate_proto.plugin.problems import Location

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plugin_protoc import Compile

    from restate_proto.plugin.evolution import Finding


class Changes(Protocol):
    """Compares two contracts, each a text or files by path."""

    def __call__(
        self, old: str | Mapping[str, str], new: str | Mapping[str, str]
    ) -> tuple[Finding, ...]: ...


@pytest.fixture
def changes(compile_request: Compile) -> Changes:
    def version(contract: str | Mapping[str, str]) -> ContractVersion:
        files = {"shop.proto": contract} if isinstance(contract, str) else contract
        request = compile_request(files)
        return ContractVersion(parse_files(request, all_services=False), request.proto_file)

    def changes(old: str | Mapping[str, str], new: str | Mapping[str, str]) -> tuple[Finding, ...]:
        return compare(version(old), version(new))

    return changes


def line_of(text: str, beginning: str | None) -> Location:
    """Where the line is that begins so; the file as a whole for None."""
    if beginning is None:
        return Location("shop.proto")
    lines = [
        number for number, line in enumerate(text.split("\n"), 1) if line.startswith(beginning)
    ]
    column = len(beginning) - len(beginning.lstrip()) + 1
    return Location("shop.proto", lines[0], column)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_break_is_reported_once_and_where_it_is(case: Case, changes: Changes) -> None:
    after = edited(case.edits)
    (finding,) = changes(CONTRACT, after)
    assert finding.rule.id == case.rule
    assert case.says in finding.message
    assert finding.handler == case.handler
    assert case.why in finding.why
    assert finding.place == line_of(after, case.place)
    assert finding.before == line_of(CONTRACT, case.before or case.place)
    assert "{" not in finding.why


@pytest.mark.parametrize("case", [case for case in CASES if case.safe], ids=str)
def test_the_safe_way_breaks_nothing(case: Case, changes: Changes) -> None:
    assert changes(CONTRACT, edited(case.safe)) == ()


def test_every_rule_has_a_break_and_a_safe_way() -> None:
    assert {case.rule for case in CASES} == set(RULES)
    assert {case.rule for case in CASES if case.safe} == set(RULES) - {"TYPE_RENAMED"}
    assert {rule.id for rule in RULES.values() if rule.severity is Severity.WARNING} == {
        "TYPE_RENAMED",
        "RETENTION_SHORTENED",
    }


def test_what_is_in_no_file_any_more_has_no_place(changes: Changes) -> None:
    one, other = CONTRACT, 'syntax = "proto3"; package other.v1;'
    findings = changes({"shop.proto": one, "other.proto": other}, {"other.proto": other})
    assert [finding.rule.id for finding in findings] == ["SERVICE_REMOVED"] * 4
    assert {finding.place for finding in findings} == {None}
    assert findings[0].before == line_of(CONTRACT, "service Cart")
