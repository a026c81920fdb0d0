"""Sets up the languages, plays the matrix on a Restate server, and prints it."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from examples.polyglot.interop import matrix
from examples.polyglot.interop.cases import value_cases
from examples.polyglot.interop.cells import LANGUAGES, all_cells
from examples.polyglot.interop.commands import Command, CommandError, end_of, run, serving
from examples.polyglot.interop.exchange import Exchange
from examples.polyglot.interop.generate import generate
from examples.polyglot.interop.languages import Language, all_languages
from examples.polyglot.interop.limits import LIMITS, NOTES, judge
from examples.polyglot.interop.tomorrow import Tomorrow
from examples.polyglot.interop.wire import check_payloads, payloads
from restate_proto import IngressClient, RestateError
from restate_proto.testing import RestateServer, find_restate_server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from examples.polyglot.interop.cells import Outcome
    from examples.polyglot.interop.contract import Contract

_COMMAND_SECONDS = 600
_START_SECONDS = 60

# An invocation that cannot succeed ends soon, and its caller with it.
_RETRIES = {"default-retry-policy": {"max-attempts": 3, "on-max-attempts": "kill"}}

_PASSED, _FAILED, _NOT_ALL_THERE = 0, 1, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Returns:
        The exit code: 0, or 1 where something failed, or 3 where a language was not asked for and
        cannot be run.
    """
    parser = argparse.ArgumentParser(prog="run.py", description=__doc__)
    parser.add_argument(
        "--languages",
        metavar="A,B",
        help=f"those to run; default: all ({', '.join(LANGUAGES)})",
    )
    parser.add_argument("--check", action="store_true", help="say what is missing, and stop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the matrix there, too")
    options = parser.parse_args(arguments)
    asked = options.languages.split(",") if options.languages else list(LANGUAGES)
    if unknown := set(asked) - set(LANGUAGES):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")

    languages = [language for language in all_languages() if language.name in asked]
    missing = {language.name: language.missing() for language in languages}
    for name, texts in missing.items():
        for text in texts:
            print(f"{matrix.title(name)} cannot be run here: {text}")
    complete = not any(missing.values())
    if options.check or (not complete and options.languages):
        return _PASSED if complete else _NOT_ALL_THERE
    there = [language for language in languages if not missing[language.name]]
    try:
        outcomes = asyncio.run(_run(there))
    except (
        CommandError,
        RestateError,
        OSError,
        asyncio.CancelledError,
        KeyboardInterrupt,
    ) as error:
        print(f"\n{str(error) or 'stopped'}", file=sys.stderr)
        return _FAILED
    _print(outcomes, [language.name for language in there])
    if options.json:
        text = json.dumps(matrix.as_json(outcomes, LIMITS, NOTES), indent=2)
        options.json.write_text(text + "\n")
    if any(outcome.failed for outcome in outcomes):
        return _FAILED
    return _PASSED if complete else _NOT_ALL_THERE


async def _run(languages: Sequence[Language]) -> list[Outcome]:
    task = asyncio.current_task()
    assert task
    # By default SIGTERM would end this process alone.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    names = [language.name for language in languages]
    with tempfile.TemporaryDirectory(prefix="polyglot-") as folder:
        workspace = Path(folder)
        await _each("Installing", [(language, language.prepare) for language in languages])
        with _Step("Generating"):
            contract = await generate(names, workspace)
        await _each("Building", [(language, language.build) for language in languages])
        logs = {language.name: workspace / f"{language.name}.log" for language in languages}
        outcomes = await _play(languages, contract, logs)
        if any(outcome.failed for outcome in outcomes):
            for name, log in logs.items():
                print(f"\nThe end of what {matrix.title(name)} wrote:\n{end_of(log)}")
        return outcomes


async def _play(
    languages: Sequence[Language], contract: Contract, logs: Mapping[str, Path]
) -> list[Outcome]:
    names = [language.name for language in languages]
    cases = value_cases(contract.values)
    outcomes: list[Outcome] = []
    async with AsyncExitStack() as stack:
        with _Step("Starting the endpoints"):
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
            with _Step(f"Playing {len(cells)} cells"):
                outcomes += await Exchange(client, contract, languages, cases).play(cells)
            with _Step("Playing tomorrow's contract"):
                outcomes += await Tomorrow(server.ingress_url, contract).play(languages)
        suspending = _server(addresses, suspends=True)
        async with suspending as server, IngressClient(server.ingress_url) as client:
            cells = all_cells(names, replays=True)
            cases = {"nests": cases["nests"]}
            with _Step(f"Playing {len(cells)} cells, replayed"):
                replayed = await Exchange(client, contract, languages, cases).play(cells)
            packages = {language.name: language.package for language in languages}
            outcomes += check_payloads(replayed, payloads(server.admin), packages)
    return [judge(outcome, LIMITS) for outcome in outcomes]


@asynccontextmanager
async def _server(
    addresses: Sequence[str], *, suspends: bool = False
) -> AsyncGenerator[RestateServer]:
    """A Restate server that knows the endpoints."""
    binary = find_restate_server(directory=Path(__file__).parent)
    inactivity = timedelta(0) if suspends else None
    async with RestateServer(
        binary=binary, config=_RETRIES, inactivity_timeout=inactivity
    ) as server:
        for address in addresses:
            await server.register(address)
        yield server


def _print(outcomes: Sequence[Outcome], names: Sequence[str]) -> None:
    parts = [
        matrix.render(outcomes, names),
        matrix.footnotes(outcomes, LIMITS, NOTES),
        matrix.failures(outcomes),
        matrix.summary(outcomes),
    ]
    print("\n" + "\n\n".join(part for part in parts if part))


async def _each(what: str, work: Sequence[tuple[Language, Sequence[Command]]]) -> None:
    """Runs the commands of the languages, all languages at once."""
    names = ", ".join(matrix.title(language.name) for language, commands in work if commands)
    with _Step(f"{what}: {names}"):
        try:
            async with asyncio.TaskGroup() as group:
                for _, commands in work:
                    group.create_task(_one_by_one(commands))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None


async def _one_by_one(commands: Sequence[Command]) -> None:
    for command in commands:
        await run(command, seconds=_COMMAND_SECONDS)


class _Step:
    """Prints what is being done, and how long it took."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        print(f"{self._what} ...", end=" ", flush=True)
        self._began = monotonic()

    def __exit__(self, kind: object, *_: object) -> None:
        print(f"{monotonic() - self._began:.0f} s" if kind is None else "failed", flush=True)
