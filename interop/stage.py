"""Start the endpoints and Restate servers, and play everything on them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interop.cases import value_cases
from interop.cells import all_cells
from interop.commands import serving
from interop.exchange import Exchange
from interop.limits import LIMITS, judge
from interop.outside import PythonOutside, play_program
from interop.progress import Step
from interop.tomorrow import Tomorrow
from interop.visits import Visits
from interop.wire import check_payloads, payloads
from restate_proto import IngressClient
from restate_proto.testing import RestateServer, find_restate_server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from interop.cells import Outcome
    from interop.contract import Contract
    from interop.languages import Language

_START_SECONDS = 600

# Few attempts, so that an invocation that cannot succeed soon ends together with its caller.
_RETRIES = {"default-retry-policy": {"max-attempts": 3, "on-max-attempts": "kill"}}


async def play(
    languages: Sequence[Language], contract: Contract, logs: Mapping[str, Path]
) -> list[Outcome]:
    """Play every cell twice, then the cells from outside, the visits, and tomorrow's contract.

    Args:
        languages: the languages that take part, which are already built.
        contract: the contract.
        logs: for each language, the file for the output of its program.

    Raises:
        CommandError: a program does not start.
        RestateError: a server does not start, or does not accept an endpoint.
    """
    names = [language.name for language in languages]
    cases = value_cases(contract.values)
    outcomes: list[Outcome] = []
    async with AsyncExitStack() as stack:
        with Step("Starting the endpoints"):
            addresses = [
                await stack.enter_async_context(
                    serving(
                        language.start,
                        language.ready,
                        logs[language.name],
                        seconds=_START_SECONDS,
                    )
                )
                for language in languages
            ]
        async with _server(addresses) as server, IngressClient(server.ingress_url) as client:
            cells = all_cells(names)
            with Step(f"Playing {len(cells)} cells"):
                outcomes += await Exchange(client, contract, languages, cases).play(cells)
            with Step("Playing the cells from outside"):
                outcomes += await _outside(server.ingress_url, languages, contract, cases, logs)
            with Step("Playing visits"):
                with_desks = [language for language in languages if language.visits]
                visits = Visits(server.ingress_url, contract, with_desks)
                outcomes += await visits.play(next(iter(logs.values())).parent)
            with Step("Playing tomorrow's contract"):
                outcomes += await Tomorrow(server.ingress_url, contract).play(languages)
        suspending = _server(addresses, suspends=True)
        async with suspending as server, IngressClient(server.ingress_url) as client:
            cells = all_cells(names, replays=True)
            cases = {"nests": cases["nests"]}
            with Step(f"Playing {len(cells)} cells, replayed"):
                replayed = await Exchange(client, contract, languages, cases).play(cells)
            packages = {language.name: language.package for language in languages}
            outcomes += check_payloads(replayed, payloads(server.admin), packages)
    return [judge(outcome, LIMITS) for outcome in outcomes]


async def _outside(
    ingress_url: str,
    languages: Sequence[Language],
    contract: Contract,
    cases: Mapping[str, Any],
    logs: Mapping[str, Path],
) -> list[Outcome]:
    """Play the cells from outside, those of all callers at once."""
    plays = [PythonOutside(ingress_url, contract, languages, cases).play()]
    for language in languages:
        if language.outside:
            name, requests = language.name, logs[language.name].with_suffix(".requests")
            program = (name, language.outside, ingress_url)
            plays.append(play_program(*program, contract, languages, cases, requests))
    return [outcome for played in await asyncio.gather(*plays) for outcome in played]


@asynccontextmanager
async def _server(
    addresses: Sequence[str], *, suspends: bool = False
) -> AsyncGenerator[RestateServer]:
    """Run a Restate server on which the endpoints are registered."""
    binary = find_restate_server(directory=Path(__file__).parent)
    inactivity = timedelta(0) if suspends else None
    async with RestateServer(
        binary=binary, config=_RETRIES, inactivity_timeout=inactivity
    ) as server:
        for address in addresses:
            await server.register(address)
        yield server
