"""The page "Operating", followed as written on a real server."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from restate_proto.cli.generate import generate
from restate_proto.testing import RestateServer
from tests.examples.markdown_code import Block, blocks, files
from tests.examples.test_readme import PROGRAMS, curl
from tests.folders import write_files

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.server

PAGE = Path(__file__).parents[2] / "docs" / "operating.md"

SERVE = """
import asyncio
from main import endpoint

async def serve():
    async with endpoint.run("127.0.0.1:0") as running:
        print(running.address, flush=True)
        await asyncio.Event().wait()

asyncio.run(serve())
"""

# What is another one each time, and what is never the same.
_ID = r"(?:inv_1|sign_1|dp_1)[\w-]+"
_DURATION = r"\d+ (?:ms|[dhms])(?: \d+ [hms])?"
_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
_VARIABLE = re.compile(rf"{_ID}|{_DURATION}(?: ago)?|{_TIME}|attempt \d+")


class Page:
    """The commands of the page, one after the other.

    Attributes:
        ids: the ids that the server gave for those of the page.
    """

    def __init__(self, server: RestateServer, project: Path) -> None:
        self._server = server
        self._project = project
        self.ids: dict[str, str] = {}
        self.mended = ""

    def follow(self, shown: list[Block]) -> None:
        """Run a block of commands; the block after it is what the last of them prints."""
        for block, after in zip(shown, [*shown[1:], None], strict=True):
            if block.language == "bash":
                expected = after.text if after is not None and after.language == "text" else ""
                *first, last = block.text.splitlines()
                for line in first:
                    self.run(line)
                self.run_until_it_prints(last, expected)

    def run_until_it_prints(self, line: str, expected: str) -> None:
        """Run a command until it prints this, if it only shows something; run any other once."""
        only_looks = " list" in line or " describe " in line
        while True:
            printed = self.run(line)
            found = self._match(expected, printed)
            if found is not None:
                self.ids |= found
                return
            assert only_looks, f"{line}\n{printed}\nis not\n{expected}"

    def run(self, line: str) -> str:
        """Run a command; return what it printed."""
        for id_, real in self.ids.items():
            line = line.replace(id_, real)
        if line.startswith("curl"):
            return curl(line, self._server.ingress_url)
        line = line.replace("http://127.0.0.1:9081", self.mended)
        program, *arguments = shlex.split(line)
        done = subprocess.run(
            [PROGRAMS / program, *arguments],
            cwd=self._project,
            env={
                **os.environ,
                "COLUMNS": "300",
                "RESTATE_ADMIN_URL": self._server.admin_url,
                "RESTATE_INGRESS_URL": self._server.ingress_url,
            },
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        if " pause " in line:
            self._wait_until_paused(arguments[2])
        return done.stdout

    def _wait_until_paused(self, invocation_id: str) -> None:
        sql = f"SELECT status FROM sys_invocation WHERE id = '{invocation_id}'"
        while self._server.admin.query(sql) != [{"status": "paused"}]:
            pass

    def _match(self, expected: str, printed: str) -> dict[str, str] | None:
        """Return the page's ids found in the output; None if a line of the page is missing."""
        ids = dict(self.ids)
        lines = [" ".join(line.split()) for line in printed.splitlines()]
        for line in expected.splitlines():
            pattern, names = _pattern(" ".join(line.split()), ids)
            found = next(filter(None, map(pattern.fullmatch, lines)), None)
            if found is None:
                return None
            ids |= {names[group]: text for group, text in found.groupdict().items()}
            lines = lines[lines.index(found.string) + 1 :]
        return ids


def _pattern(line: str, ids: dict[str, str]) -> tuple[re.Pattern[str], dict[str, str]]:
    """Return a pattern for a line of the page, and the page's ids by the names of its groups."""
    parts: list[str] = []
    names: dict[str, str] = {}
    start = 0
    for found in _VARIABLE.finditer(line):
        parts.append(re.escape(line[start : found.start()]))
        start = found.end()
        text = found[0]
        if not re.match(_ID, text):
            parts.append(
                r"attempt \d+"
                if text.startswith("attempt")
                else _TIME
                if text.endswith("UTC")
                else rf"(?:{_DURATION}(?: ago)?|now)"
            )
        elif text in ids:
            parts.append(re.escape(ids[text]))
        elif text in names.values():
            parts.append(f"(?P={next(group for group, name in names.items() if name == text)})")
        else:
            group = f"id{len(names)}"
            names[group] = text
            parts.append(f"(?P<{group}>{_ID})")
    pattern = "".join((*parts, re.escape(line[start:])))
    return re.compile(pattern.replace(r"in\ (?:", r"(?:in )?(?:")), names


@contextlib.contextmanager
def serving(project: Path) -> Generator[str]:
    """Serve the project's endpoint in a process of its own, and yield its address."""
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def test_the_worked_case(tmp_path: Path) -> None:
    write_files(tmp_path, files(PAGE))
    generate(tmp_path / "proto", tmp_path)
    (mended,) = (
        block.text for block in blocks(PAGE) if block.language == "python" and not block.file
    )
    shown = blocks(PAGE)
    with (
        RestateServer(inactivity_timeout=timedelta(0), retry_interval=timedelta(hours=1)) as server,
        contextlib.ExitStack() as stack,
    ):
        page = Page(server, tmp_path)
        server.admin.register(stack.enter_context(serving(tmp_path)))
        main = tmp_path / "main.py"
        code = main.read_text("utf-8")
        main.write_text(code.replace('RATES = {"USD": 100}\n', mended), "utf-8")
        assert main.read_text("utf-8") != code
        page.mended = stack.enter_context(serving(tmp_path))
        page.follow(shown)
