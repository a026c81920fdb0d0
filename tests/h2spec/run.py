"""Run h2spec, a conformance suite of HTTP/2, against a server with each engine: `make h2spec`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import sys
import tempfile
import tomllib
from asyncio.subprocess import PIPE, STDOUT
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from typing_extensions import override

from interop.toolchains import Tool
from restate_proto.http2.engines import ENGINES
from restate_proto.http2.server import Server
from restate_proto.http2.stream import ServerStream, StreamReceiver

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EXPECTED = Path(__file__).with_name("expected_failures.toml")
GO = Tool("go", ("version",), (1, 25))

# How long h2spec waits for each frame before it calls a case failed, and may take in all.
_FRAME_SECONDS = 5
_SECONDS = 600

# How long an answer takes. Some cases send to a stream that is to have ended on one side alone: an
# answer at once would have ended the other by then, on a busy machine.
_ANSWER_SECONDS = 0.3

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_PASSED, _FAILED, _NOT_THERE = 0, 1, 3


@dataclass(frozen=True)
class Expected:
    """What is expected of an engine.

    Attributes:
        cases: how many cases there are.
        failures: why a case fails, by its name.
    """

    cases: int
    failures: Mapping[str, str]


def read_expected(text: str, engine: str) -> Expected:
    """Read the entries of an engine from expected_failures.toml."""
    content = tomllib.loads(text)
    failures = [each for each in content["failure"] if engine in each["engines"]]
    return Expected(content["cases"], {each["case"]: each["reason"] for each in failures})


def read_report(xml: str) -> dict[str, str | None]:
    """Read h2spec's JUnit report: the failure of each case by its name, or None if it passed."""
    outcomes: dict[str, str | None] = {}
    # h2spec writes bytes that it got as they are.
    for case in ET.fromstring(_NOT_XML.sub("?", xml)).iter("testcase"):
        name = f"{case.get('package')}: {case.get('classname')}"
        outcomes[name] = next(("".join(child.itertext()) for child in case), None)
    return outcomes


def complaints(outcomes: Mapping[str, str | None], expected: Expected) -> list[str]:
    """Return in words what differs from the expectations."""
    found = [
        f"{name} fails:\n{text}"
        for name, text in outcomes.items()
        if text is not None and name not in expected.failures
    ]
    found += [
        f"{name} is in {EXPECTED.name} and does not fail"
        for name in expected.failures
        if outcomes.get(name) is None
    ]
    if len(outcomes) != expected.cases:
        found.append(f"{len(outcomes)} cases were run, not {expected.cases}")
    return found


class _Answer(StreamReceiver):
    """Answers a request some time after it has arrived."""

    def __init__(self, stream: ServerStream) -> None:
        self._stream = stream
        self._timer = asyncio.get_running_loop().call_later(_ANSWER_SECONDS, self._answer)

    def _answer(self) -> None:
        self._stream.respond(200)
        self._stream.write(b"some bytes of a body", end=True)

    @override
    def data_received(self, data: bytes) -> None:
        self._stream.acknowledge(len(data))

    @override
    def eof_received(self) -> None: ...

    @override
    def draining(self) -> None: ...

    @override
    def drained(self) -> None: ...

    @override
    def aborted(self, reason: str) -> None:
        self._timer.cancel()

    @override
    def awaited_input(self) -> object:
        return None


async def h2spec(binary: Path, engine: str, report: Path) -> str:
    """Run h2spec against a server of its own; write its report and return what it prints."""
    server = Server(_Answer, engine=engine)
    await server.start()
    try:
        process = await asyncio.create_subprocess_exec(
            *(binary, "--strict", "--timeout", str(_FRAME_SECONDS)),
            *("--port", str(server.port), "--junit-report", report),
            stdout=PIPE,
            stderr=STDOUT,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                printed, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    finally:
        await server.close()
    return printed.decode(errors="replace")


async def check(binary: Path, engine: str) -> bool:
    """Run h2spec with one engine and print the outcome; return whether all is as expected."""
    expected = read_expected(EXPECTED.read_text("utf-8"), engine)
    with tempfile.TemporaryDirectory(prefix="h2spec-") as directory:
        report = Path(directory) / "report.xml"
        printed = await h2spec(binary, engine, report)
        if not report.is_file():
            print(f"{engine}: h2spec wrote no report:\n{printed}")
            return False
        outcomes = read_report(report.read_text("utf-8", errors="replace"))
    failed = sum(text is not None for text in outcomes.values())
    print(f"{engine}: {len(outcomes) - failed} of {len(outcomes)} cases of h2spec pass")
    found = complaints(outcomes, expected)
    for text in found:
        print(f"{engine}: {text}")
    return not found


async def run(binary: Path) -> int:
    """Run h2spec with every engine; return the exit code."""
    # What h2spec sends is to be complained of in its report; a bug is an ERROR.
    logging.getLogger("restate_proto").setLevel(logging.ERROR)
    passed = [await check(binary, engine) for engine in ENGINES]
    return _PASSED if all(passed) else _FAILED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Returns:
        The exit code: 0, or 1 where something is not as expected, or 3 where Go is not there.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--binary", type=Path, help="where h2spec is")
    what.add_argument("--check", action="store_true", help="say what is missing, and stop")
    options = parser.parse_args(arguments)
    if options.check:
        missing = GO.missing()
        if missing is not None:
            print(f"h2spec cannot be built here: {missing}")
        return _PASSED if missing is None else _NOT_THERE
    return asyncio.run(run(options.binary))


if __name__ == "__main__":
    sys.exit(main())
