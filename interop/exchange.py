"""Play the cells of the matrix on a Restate server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from interop.cells import Cell, Outcome, Problem
from interop.checks import check_report
from restate_proto import IngressClient, RestateError, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from interop.contract import Contract
    from interop.languages import Language

_AT_ONCE = 16
_CALL_SECONDS = 600
_PLAY_SECONDS = 1800


class Exchange:
    """Asks the Callers for calls, some at a time, and checks what they report.

    Args:
        client: a client of the server's ingress.
        contract: the contract.
        languages: the languages that run.
        cases: the values that each cell is played with, by name.
    """

    def __init__(
        self,
        client: IngressClient,
        contract: Contract,
        languages: Sequence[Language],
        cases: Mapping[str, Any],
    ) -> None:
        self._client = client
        self._contract = contract
        self._languages = {language.name: language for language in languages}
        self._cases = cases
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._deadline = 0.0

    async def play(self, cells: Sequence[Cell]) -> list[Outcome]:
        """Play the cells, each with every case; an exchange that takes too long has failed."""
        self._deadline = asyncio.get_running_loop().time() + _PLAY_SECONDS
        return await asyncio.gather(*(self._play(cell) for cell in cells))

    async def _play(self, cell: Cell) -> Outcome:
        found = await asyncio.gather(
            *(self._exchange(cell, case, values) for case, values in self._cases.items())
        )
        return Outcome(cell, [problem for problems in found for problem in problems])

    async def _exchange(self, cell: Cell, case: str, values: Any) -> list[Problem]:
        key = cell.key(case)
        caller = self._languages[cell.caller]
        async with self._turns:
            now = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout_at(min(now + _CALL_SECONDS, self._deadline)):
                    report = await self._client.call(
                        Target.service(f"{caller.package}.Caller", "Call"),
                        self._contract.request(cell, key, values),
                        self._contract.call_report,
                    )
            except (RestateError, TimeoutError) as error:
                return [Problem(case, "call", "failed", str(error) or "no answer in time")]
        return check_report(cell, case, key, values, report)
