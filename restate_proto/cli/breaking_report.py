"""Print the findings of `restate-proto breaking` for people, for programs or for GitHub."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import typer

from restate_proto.contract.paths import printable
from restate_proto.evolution import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from restate_proto.contract.problems import Location
    from restate_proto.evolution import Finding

__all__ = ["Format", "Report", "finding_json"]


class Format(Enum):
    """The values of --format."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


@dataclass(frozen=True, slots=True)
class Report:
    """The results of a comparison.

    Args:
        against: the old contract, as the user named it.
        label: the text before paths of the old contract: `main:`, or nothing.
        findings: the findings to print.
        ignored: how many findings --ignore accepts, which are not printed.
        old_paths: the paths of the old contract's files, by proto path.
        new_paths: the paths of the new contract's files, likewise.
    """

    against: str
    label: str
    findings: Sequence[Finding]
    ignored: int
    old_paths: Mapping[str, str]
    new_paths: Mapping[str, str]

    @property
    def breaking(self) -> int:
        """How many findings fail the check."""
        return sum(finding.rule.severity is Severity.BREAKING for finding in self.findings)

    def print(self, format_: Format) -> None:
        """Print the findings on stdout and how many there are on stderr."""
        if format_ is Format.JSON:
            typer.echo(json.dumps(self.document(), indent=2, ensure_ascii=False))
            return
        lines = self._text_lines() if format_ is Format.TEXT else self._github_lines()
        for line in lines:
            # Names come from the contract, and must not act as commands of a terminal or of GitHub.
            typer.echo(printable(line))
        typer.echo(self._summary(), err=True)

    def document(self) -> dict[str, Any]:
        """Return the JSON form, which docs/evolution.md describes."""
        return {
            "against": self.against,
            "breaking": self.breaking,
            "warnings": len(self.findings) - self.breaking,
            "ignored": self.ignored,
            "findings": [self._entry(finding) for finding in self.findings],
        }

    def _entry(self, finding: Finding) -> dict[str, Any]:
        place = _position(finding.place, self.new_paths)
        before = _position(finding.before, self.old_paths)
        return {**finding_json(finding, place), "before": before}

    def _text_lines(self) -> Iterator[str]:
        for finding in self.findings:
            place, before = self._places(finding)
            severity = finding.rule.severity.value
            yield f"{place or before}: {severity}: {finding.message} [{finding.rule.id}]"
            yield f"    why: {finding.why}"
            yield f"    safe way: {finding.safe_way}"
            if place:
                yield f"    before: {before}"

    def _github_lines(self) -> Iterator[str]:
        for finding in self.findings:
            is_breaking = finding.rule.severity is Severity.BREAKING
            properties = {"title": finding.rule.id}
            if finding.place is not None:
                position = _position(finding.place, self.new_paths)
                properties["file"] = position["file"]
                properties["line"] = str(position["line"] or 1)
                properties["col"] = str(position["column"] or 1)
            _, before = self._places(finding)
            text = (
                f"{finding.message}\n\n{finding.why}\n\nSafe way: {finding.safe_way}\n\n"
                f"Before: {before}"
            )
            written = ",".join(
                f"{name}={_escape(value, ',:')}" for name, value in properties.items()
            )
            yield f"::{'error' if is_breaking else 'warning'} {written}::{_escape(text)}"

    def _places(self, finding: Finding) -> tuple[str, str]:
        """Return the place in the new contract, which may be empty, and the place in the old one."""
        before = f"{self.label}{_file_and_line(finding.before, self.old_paths)}"
        if finding.place is None:
            return "", before
        return _file_and_line(finding.place, self.new_paths), before

    def _summary(self) -> str:
        warnings = len(self.findings) - self.breaking
        counts = [_count(self.breaking, "breaking change")] if self.breaking else []
        counts += [_count(warnings, "warning")] if warnings else []
        counts = counts or ["nothing breaks"]
        counts += [f"{self.ignored} ignored"] if self.ignored else []
        return f"{', '.join(counts)} (against {self.against})"


def finding_json(finding: Finding, place: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a finding as JSON.

    Args:
        finding: the finding.
        place: its place, as JSON; None if it is not known.
    """
    return {
        "rule": finding.rule.id,
        "severity": finding.rule.severity.value,
        **(place or {}),
        "service": finding.service,
        "handler": finding.handler,
        "message": finding.message,
        "why": finding.why,
        "safe_way": finding.safe_way,
    }


def _position(location: Location | None, paths: Mapping[str, str]) -> dict[str, Any]:
    """Return a location as JSON; null if it is not known."""
    return {
        "file": location and paths.get(location.file, location.file),
        "line": (location and location.line) or None,
        "column": (location and location.column) or None,
    }


def _file_and_line(location: Location, paths: Mapping[str, str]) -> str:
    # Editors need a line, even if the finding concerns the whole file.
    file = paths.get(location.file, location.file)
    return f"{file}:{location.line or 1}:{location.column or 1}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _escape(text: str, special: str = "") -> str:
    """Escape a text for GitHub's workflow commands."""
    for character in f"%\r\n{special}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
