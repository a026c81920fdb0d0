"""Set up the languages, play the matrix on a Restate server, and print it."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from interop import matrix, versions
from interop.cells import LANGUAGES
from interop.commands import Command, CommandError, end_of, run
from interop.generate import generate
from interop.languages import Language, all_languages
from interop.limits import LIMITS, NOTES
from interop.progress import Step, cpu_seconds
from interop.stage import play
from restate_proto import RestateError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from interop.cells import Outcome

_COMMAND_SECONDS = 1800

_PASSED, _FAILED, _NOT_ALL_THERE = 0, 1, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Returns:
        The exit code: 0 if all passed, 1 if something failed, 3 if a language cannot be run here.
    """
    parser = argparse.ArgumentParser(prog="python -m interop", description=__doc__)
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
    began = monotonic()
    try:
        outcomes, errors = asyncio.run(_run(there))
    except (
        CommandError,
        RestateError,
        OSError,
        asyncio.CancelledError,
        KeyboardInterrupt,
    ) as error:
        print(f"\n{str(error) or 'stopped'}", file=sys.stderr)
        return _FAILED
    print(f"\nTook {monotonic() - began:.0f} s, and {cpu_seconds():.0f} s of CPU time")
    if options.json:
        used = versions.sdk_versions([language.name for language in there])
        written = {**matrix.as_json(outcomes, LIMITS, NOTES), "versions": used}
        options.json.write_text(json.dumps(written, indent=2) + "\n")
    for error in errors:
        print(f"\n{error}", file=sys.stderr)
    if errors or any(outcome.failed for outcome in outcomes):
        return _FAILED
    return _PASSED if complete else _NOT_ALL_THERE


async def _run(languages: Sequence[Language]) -> tuple[list[Outcome], list[BaseException]]:
    """Play everything; return the outcomes of the cells, and the errors of other checks."""
    task = asyncio.current_task()
    assert task
    # By default SIGTERM would end this process and leave its children running.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    names = [language.name for language in languages]
    with tempfile.TemporaryDirectory(prefix="polyglot-") as folder:
        workspace = Path(folder)
        await _each("Installing", [(language, language.prepare) for language in languages])
        with Step("Generating"):
            contract = await generate(names, workspace)
        await _each("Building", [(language, language.build) for language in languages])
        logs = {language.name: workspace / f"{language.name}.log" for language in languages}
        # A check that fails must not lose the outcomes of the play.
        checks = asyncio.gather(*map(_check, languages), return_exceptions=True)
        outcomes = await play(languages, contract, logs)
        _print(outcomes, names)
        errors = [error for error in await checks if error is not None]
        if any(outcome.failed for outcome in outcomes):
            for name, log in logs.items():
                print(f"\nThe end of what {matrix.title(name)} wrote:\n{end_of(log)}")
        return outcomes, errors


async def _check(language: Language) -> None:
    """Compile other contracts, and follow the documentation page of a language."""
    await _each("Compiling other contracts, and following the page", [(language, language.check)])


def _print(outcomes: Sequence[Outcome], names: Sequence[str]) -> None:
    parts = [
        matrix.render(outcomes, names),
        matrix.footnotes(outcomes, LIMITS, NOTES),
        matrix.failures(outcomes),
        versions.render(versions.sdk_versions(names)),
        matrix.summary(outcomes),
    ]
    print("\n" + "\n\n".join(part for part in parts if part))


async def _each(what: str, work: Sequence[tuple[Language, Sequence[Command]]]) -> None:
    """Run the commands of the languages, all languages at once."""
    names = ", ".join(matrix.title(language.name) for language, commands in work if commands)
    if not names:
        return
    with Step(f"{what}: {names}"):
        try:
            async with asyncio.TaskGroup() as group:
                for _, commands in work:
                    group.create_task(_run_all(commands))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None


async def _run_all(commands: Sequence[Command]) -> None:
    """Run commands one after the other."""
    for command in commands:
        await run(command, seconds=_COMMAND_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
