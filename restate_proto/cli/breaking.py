"""`restate-proto breaking`: reports what a change of the contract breaks in Restate."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.breaking_report import Format, Report
from restate_proto.cli.contract_options import AllServices, Include
from restate_proto.cli.contracts import load_contract, load_revision
from restate_proto.cli.git import Repository
from restate_proto.cli.output import FAILED, MISUSED, fail
from restate_proto.cli.protoc import ContractError
from restate_proto.evolution import RULES, ContractVersion, compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.cli.contracts import Contract
    from restate_proto.evolution import Finding

__all__ = ["breaking_command"]


def breaking_command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="PROTO_DIR",
            help="The new contract: the folder of the .proto files, or a descriptor set "
            "(`buf build -o new.binpb`).",
        ),
    ] = Path("proto"),
    *,
    against: Annotated[
        str,
        typer.Option(
            metavar="REF|DIR|FILE",
            help="The contract that runs now: a git revision (main, HEAD~1, v1.2.0; main:old/path for "
            "another folder), a folder, or a descriptor set.",
        ),
    ],
    include: Include = None,
    all_services: AllServices = False,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE[:SERVICE[/HANDLER]]",
            help="A break to accept: of a rule, everywhere or in one service or handler.",
        ),
    ] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="How to print the findings.")
    ] = Format.TEXT,
) -> None:
    """Report what a change of the contract breaks: invocations in flight, state, other clients.

    Exits with 0 if nothing breaks, 1 if something does, 2 if it cannot tell.
    """
    ignored = [_Ignored.parse(text) for text in ignore or []]
    folders = include or []
    try:
        new = load_contract(source, folders, all_services=all_services)
        old, label = _load_old(against, source, folders, all_services=all_services)
    except ContractError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(MISUSED) from None
    if old is None:
        _note(f"there are no .proto files in {source} at {against}: everything is new")
    elif old.broken:
        _note(
            "the contract that runs now breaks rules of this version; it is compared as far as it can "
            f"be read:\n{old.broken}"
        )
    found = () if old is None else compare(_version(old), _version(new))
    kept = [f for f in found if not any([each.accepts(f) for each in ignored])]  # noqa: C419 - all are asked, to know which are of no use
    for each in ignored:
        if not each.is_used:
            _note(f"--ignore {each.text} accepts nothing; remove it")
    report = Report(
        against=against,
        label=label,
        findings=kept,
        ignored=len(found) - len(kept),
        old_paths={} if old is None else old.paths,
        new_paths=new.paths,
    )
    report.print(format_)
    if report.breaking:
        raise typer.Exit(FAILED)


def _load_old(
    against: str, source: Path, include: Sequence[Path], *, all_services: bool
) -> tuple[Contract | None, str]:
    """Return the old contract, or None if there is none, and what to write before its paths."""
    if not against:
        raise ContractError("--against is empty; write a git revision, a folder or a file")
    path = Path(against)
    if path.exists():
        _check_that_it_is_no_revision(against, source)
        old = load_contract(path, include, all_services=all_services, lenient=True)
        return old, f"{against}:" if path.is_file() else ""
    if not source.is_dir():
        raise ContractError(
            f"{against} is neither a file nor a folder; to compare with a git revision, name a "
            f"folder of .proto files instead of {source}"
        )
    try:
        repository = Repository(source)
    except ContractError as error:
        raise ContractError(
            f"{against} is neither a file nor a folder, and git revisions cannot be read: {error}"
        ) from None
    old = load_revision(repository, against, source, include, all_services=all_services)
    return old, f"{against.partition(':')[0]}:"


def _check_that_it_is_no_revision(against: str, source: Path) -> None:
    """Refuse a name that is both a folder and a git revision, instead of guessing."""
    if against.startswith((".", "/")) or not source.is_dir():
        return
    try:
        repository = Repository(source)
    except ContractError:
        return
    if repository.commit(against):
        kind = "folder" if Path(against).is_dir() else "file"
        raise ContractError(
            f"{against} is both a {kind} and a git revision; write ./{against} for the {kind}, or "
            f"refs/heads/{against} (or refs/tags/...) for the revision"
        )


def _version(contract: Contract) -> ContractVersion:
    return ContractVersion(contract.files, contract.descriptors)


def _note(text: str) -> None:
    typer.echo(f"note: {text}", err=True)


@dataclass(slots=True)
class _Ignored:
    """The findings that one --ignore accepts."""

    text: str
    rule: str
    service: str | None
    handler: str | None
    is_used: bool = False

    @classmethod
    def parse(cls, text: str) -> _Ignored:
        rule, _, scope = text.partition(":")
        if rule not in RULES:
            near = difflib.get_close_matches(rule.upper(), RULES, n=1)
            hint = f"did you mean {near[0]}?" if near else f"rules are {', '.join(RULES)}"
            fail(f"--ignore {text}: there is no rule {rule}; {hint}", code=MISUSED)
        service, _, handler = scope.partition("/")
        return cls(text, rule, service or None, handler or None)

    def accepts(self, finding: Finding) -> bool:
        accepted = finding.rule.id == self.rule and (
            self.service is None or finding.is_in(self.service, self.handler)
        )
        self.is_used = self.is_used or accepted
        return accepted
