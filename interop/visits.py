"""Play visits to desks: typed keys, typed errors, rules for requests, and raw handlers."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import TYPE_CHECKING, Any

from interop.cells import Cell, Outcome, Problem
from interop.commands import CommandError
from interop.outside import answers_of
from restate_proto import IngressClient, RestateError, Target

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from google.protobuf.message import Message

    from interop.contract import Contract
    from interop.languages import Language

_CALL_SECONDS = 600

ERRANDS = {
    "typed key": "ERRAND_LOOK",
    "typed error": "ERRAND_ASK",
    "rule": "ERRAND_REGISTER",
    "bytes": "ERRAND_SCAN",
}
"""The errands at a desk: the mode of a cell, and the errand's number in the contract."""

# Characters that a URL's path escapes, and an escape that must not be undone twice.
_HALL, _ROW, _COLOR = "S\u00fcd#1%2F:?&=", -3, 2
_KEY_TEXT = f"{_HALL}/{_ROW}/{_COLOR}/true"
_REASON, _WAITING = "f\u00fcll't", -(2**63)
_DOCUMENT = bytes(range(256))
_CODE = 409
_NAME, _BROKEN_RULES = "x", ["string.min_len"]
_INVALID_CODE, _INVALID = 400, "invalid request: name: must be at least 2 characters"


def visit_cells(languages: Sequence[str]) -> list[Cell]:
    """Return every visit of each language to each, from a handler and from outside."""
    return [
        Cell(caller, callee, "binary", "object", errand, outside=outside)
        for caller in languages
        for callee in languages
        for errand in ERRANDS
        for outside in (False, True)
    ]


class Visits:
    """Lets Visitors, and programs outside of Restate, visit the desks of all languages.

    Args:
        ingress_url: where the server's ingress is.
        contract: the contract.
        languages: the languages that have desks.
    """

    def __init__(self, ingress_url: str, contract: Contract, languages: Sequence[Language]) -> None:
        self._ingress_url = ingress_url
        self._contract = contract
        self._languages = {language.name: language for language in languages}

    async def play(self, folder: Path) -> list[Outcome]:
        """Play all cells.

        Args:
            folder: the folder for the programs' requests.
        """
        cells = visit_cells(list(self._languages))
        async with IngressClient(self._ingress_url) as client:
            plays = [self._play(client, cell) for cell in cells if not cell.outside]
            outcomes = await asyncio.gather(*plays)
        for name in self._languages:
            own = [cell for cell in cells if cell.outside and cell.caller == name]
            outcomes += await self._play_program(name, own, folder / f"{name}.visits")
        return outcomes

    async def _play(self, client: IngressClient, cell: Cell) -> Outcome:
        visitor = Target.service(f"{self._languages[cell.caller].package}.Visitor", "Visit")
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                visit_report = self._contract.visit_report
                report = await client.call(
                    visitor, visit_request(self._contract, cell), visit_report
                )
        except (RestateError, TimeoutError) as error:
            return _failed(cell, str(error) or "no answer in time")
        return Outcome(cell, check_visit(self._contract, cell, report))

    async def _play_program(
        self, name: str, cells: Sequence[Cell], requests: Path
    ) -> list[Outcome]:
        program = self._languages[name].visits
        assert program is not None
        messages = [visit_request(self._contract, cell) for cell in cells]
        try:
            answers = await answers_of(program, self._ingress_url, messages, requests)
        except CommandError as error:
            return [_failed(cell, str(error)) for cell in cells]
        outcomes: list[Outcome] = []
        for cell, (what, text) in zip(cells, answers, strict=True):
            if what == "report":
                report = self._contract.visit_report.FromString(b64decode(text))
                outcomes.append(Outcome(cell, check_visit(self._contract, cell, report)))
            else:
                outcomes.append(_failed(cell, text))
        return outcomes


def visit_request(contract: Contract, cell: Cell) -> Message:
    """Return the request to a visitor for a cell."""
    return contract.visit_request(
        callee=f"LANGUAGE_{cell.callee.upper()}",
        errand=ERRANDS[cell.mode],
        key=_key(contract),
        refused=_refused(contract),
        document=_DOCUMENT,
        guest=contract.guest(name=_NAME),
    )


def check_visit(contract: Contract, cell: Cell, report: Any) -> list[Problem]:
    """Compare the report of a visit with what is expected.

    Args:
        contract: the contract.
        cell: the cell that was played.
        report: the VisitReport.
    """
    if cell.mode == "typed key":
        seen = contract.desk_view(language=cell.callee, text=_KEY_TEXT, key=_key(contract))
        return _differs("seen", report.seen, seen)
    if cell.mode == "bytes":
        return _differs("image", report.image, _DOCUMENT[::-1])
    if cell.mode == "rule":
        broken_rules = _differs("broken_rules", list(report.broken_rules), _BROKEN_RULES)
        return _check_failure(report, _INVALID_CODE, _INVALID) + broken_rules
    failure = _check_failure(report, _CODE, f"refused: {_REASON}")
    return failure + _differs("refused", report.refused, _refused(contract))


def _check_failure(report: Any, code: int, text: str) -> list[Problem]:
    problems = _differs("code", report.code, code)
    return problems if text in report.text else problems + _differs("text", report.text, text)


def _key(contract: Contract) -> Any:
    return contract.desk_key(hall=_HALL, row=_ROW, color=_COLOR, by_the_window=True)


def _refused(contract: Contract) -> Any:
    return contract.refused(reason=_REASON, waiting=_WAITING, elsewhere=_key(contract))


def _differs(what: str, seen: object, expected: object) -> list[Problem]:
    if seen == expected:
        return []
    text = str(seen).strip() or "nothing"
    return [Problem("visit", "caller", what, f"{what}: {text} instead of {expected}")]


def _failed(cell: Cell, text: str) -> Outcome:
    return Outcome(cell, [Problem("visit", "call", "failed", text)])
