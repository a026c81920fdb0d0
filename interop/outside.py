"""Play the cells whose callers are outside of Restate, with the languages' ingress clients."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.empty_pb2 import Empty

from interop.cells import Cell, Outcome, Problem, outside_cells
from interop.checks import check_report, check_views
from interop.commands import Command, CommandError, run
from restate_proto import Encoding, IngressClient, RestateError, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from google.protobuf.message import Message

    from interop.contract import Contract
    from interop.languages import Language

_AT_ONCE = 8
_CALL_SECONDS = 600
_PROGRAM_SECONDS = 600
_DELAY = timedelta(milliseconds=10)

# For each kind, the service, the handler to call (None: the language's name of the workflow's run
# handler), and the handler to call afterwards.
_SERVICES = {
    "service": ("Mirror", "Reflect", None),
    "object": ("Locker", "Keep", "Look"),
    "workflow": ("Journey", None, "Arrived"),
}


class PythonOutside:
    """Calls the services with the IngressClient.

    Args:
        ingress_url: where the server's ingress is.
        contract: the contract.
        languages: the languages to call.
        cases: the values that each cell is played with, by name.
    """

    def __init__(
        self,
        ingress_url: str,
        contract: Contract,
        languages: Sequence[Language],
        cases: Mapping[str, Any],
    ) -> None:
        self._ingress_url = ingress_url
        self._contract = contract
        self._languages = {language.name: language for language in languages}
        self._cases = cases
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def play(self) -> list[Outcome]:
        """Play all cells, each with every case."""
        cells = outside_cells("python", list(self._languages))
        async with IngressClient(self._ingress_url) as client:
            return await asyncio.gather(*(self._play(client, cell) for cell in cells))

    async def _play(self, client: IngressClient, cell: Cell) -> Outcome:
        found = await asyncio.gather(
            *(self._exchange(client, cell, case, sent) for case, sent in self._cases.items())
        )
        return Outcome(cell, [problem for problems in found for problem in problems])

    async def _exchange(
        self, client: IngressClient, cell: Cell, case: str, sent: Any
    ) -> list[Problem]:
        async with self._turns:
            try:
                async with asyncio.timeout(_CALL_SECONDS):
                    views = await self._views(client, cell, cell.key(case), sent)
            except (RestateError, TimeoutError) as error:
                return [Problem(case, "call", "failed", str(error) or "no answer in time")]
        return check_views(cell, case, cell.key(case), sent, views)

    async def _views(
        self, client: IngressClient, cell: Cell, key: str, sent: Any
    ) -> Mapping[str, Any]:
        language = self._languages[cell.callee]
        service, handler, later = _SERVICES[cell.kind]
        name = f"{language.package}.{'Json' * (cell.encoding == 'json')}{service}"
        key_ = None if cell.kind == "service" else key
        target = Target(name, handler or language.run_handler, key_)
        encoding = Encoding.JSON if cell.encoding == "json" else Encoding.PROTOBUF
        view = self._contract.view
        if cell.mode == "send":
            handle = await client.send(target, sent, view, encoding=encoding, delay=_DELAY)
            views = {"callee": await handle.attach()}
        else:
            views = {"callee": await client.call(target, sent, view, encoding=encoding)}
        if later:
            asked = replace(target, handler_name=later)
            views["later"] = await client.call(asked, Empty(), view, encoding=encoding)
        return views


async def play_program(
    caller: str,
    program: Command,
    ingress_url: str,
    contract: Contract,
    languages: Sequence[Language],
    cases: Mapping[str, Any],
    requests: Path,
) -> list[Outcome]:
    """Let a program play all cells, each with every case.

    Args:
        caller: the program's language.
        program: takes CallRequests and answers with CallReports; see `answers_of`.
        ingress_url: where the server's ingress is.
        contract: the contract.
        languages: those to call.
        cases: the values that each cell is played with, by name.
        requests: the path of the file with requests, which is written here.
    """
    cells = outside_cells(caller, [language.name for language in languages])
    exchanges = [(cell, case, sent) for cell in cells for case, sent in cases.items()]
    messages = [contract.request(cell, cell.key(case), sent) for cell, case, sent in exchanges]
    try:
        answers = await answers_of(program, ingress_url, messages, requests)
    except CommandError as error:
        problem = Problem("all", "call", "failed", str(error))
        return [Outcome(cell, [problem]) for cell in cells]
    problems: dict[Cell, list[Problem]] = {cell: [] for cell in cells}
    for (cell, case, sent), (what, text) in zip(exchanges, answers, strict=True):
        if what == "report":
            report = contract.call_report.FromString(b64decode(text))
            problems[cell] += check_report(cell, case, cell.key(case), sent, report)
        else:
            problems[cell].append(Problem(case, "call", "failed", text))
    return [Outcome(cell, problems[cell]) for cell in cells]


async def answers_of(
    program: Command, ingress_url: str, messages: Sequence[Message], requests: Path
) -> list[tuple[str, str]]:
    """Let a program make requests.

    Args:
        program: the program, which gets the ingress's address and the file. For each request it
            prints a line: `report` and the report in base64, or `failed` and the reason.
        ingress_url: where the server's ingress is.
        messages: the requests.
        requests: the path of the file to write them to, each in base64 on a line.

    Returns:
        For each request, `report` or `failed` and the rest of its line.

    Raises:
        CommandError: the program failed; the message leaves out the reports.
    """
    _write(messages, requests)
    command = replace(program, argv=(*program.argv, ingress_url, str(requests)))
    try:
        output = await run(command, seconds=_PROGRAM_SECONDS)
    except CommandError as error:
        said = [line for line in str(error).splitlines() if not line.startswith("report ")]
        raise CommandError("\n".join(said)) from None
    answers = [line.partition(" ") for line in output.splitlines()]
    found = [(what, text) for what, _, text in answers if what in {"report", "failed"}]
    missing = len(messages) - len(found)
    return (found + [("failed", "failed and said nothing")] * missing)[: len(messages)]


def _write(messages: Sequence[Message], file: Path) -> None:
    lines = [b64encode(message.SerializeToString()).decode() for message in messages]
    file.write_text("".join(f"{line}\n" for line in lines))
