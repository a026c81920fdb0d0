"""The page "Replaying journals", followed as written on a real server."""

from __future__ import annotations

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
from tests.examples.markdown_code import blocks, files
from tests.examples.test_readme import PROGRAMS
from tests.folders import write_files

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.server

PAGE = Path(__file__).parents[2] / "docs" / "replay.md"

RECORD = """
import asyncio, sys
from main import endpoint
from restate_proto.ingress.admin import AdminClient

async def record(admin_url, *order):
    admin = AdminClient(admin_url)
    async with endpoint.run("127.0.0.1:0") as running:
        await asyncio.to_thread(admin.register, running.address)
        call = await asyncio.create_subprocess_exec(*order)
        assert await call.wait() == 0
        sql = "SELECT id FROM sys_invocation WHERE status = 'suspended'"
        while not await asyncio.to_thread(admin.query, sql):
            await asyncio.sleep(0.02)

asyncio.run(record(*sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[RestateServer]:
    with RestateServer(inactivity_timeout=timedelta(0)) as server:
        yield server


def run(folder: Path, server: RestateServer, *command: str | Path) -> tuple[int, str]:
    environ = {
        **os.environ,
        "RESTATE_ADMIN_URL": server.admin_url,
        "RESTATE_INGRESS_URL": server.ingress_url,
        "PYTHONPATH": str(folder),
    }
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_page_is_followed(server: RestateServer, tmp_path: Path) -> None:
    others = {name: text for name, text in files(PAGE).items() if name != "main.py"}
    write_files(tmp_path, others)
    generate(tmp_path / "proto", tmp_path)
    shown = blocks(PAGE)
    first = next(number for number, each in enumerate(shown) if each.file == "main.py")
    (tmp_path / "main.py").write_text(shown[first].text, "utf-8")
    calls = (line for each in shown for line in each.text.splitlines() if "--send" in line)
    program, *arguments = shlex.split(next(calls))
    order = (PROGRAMS / program, *arguments)
    code, output = run(tmp_path, server, sys.executable, "-c", RECORD, server.admin_url, *order)
    assert code == 0, output

    pages = 0
    for block, after in zip(shown[first + 1 :], shown[first + 2 :], strict=False):
        if block.file == "main.py":
            (tmp_path / "main.py").write_text(block.text, "utf-8")
        elif block.language == "bash" and after.language == "text":
            program, *arguments = shlex.split(block.text)
            code, output = run(tmp_path, server, PROGRAMS / program, *arguments)
            assert without_ids(output) == without_ids(after.text)
            assert code == ("differs" in output)
            pages += 1
    assert pages == 2

    saved = [each.text for each in shown if "--save journals" in each.text]
    for line in saved[0].splitlines():
        program, *arguments = shlex.split(line)
        code, output = run(tmp_path, server, PROGRAMS / program, *arguments)
        assert code == 0, output
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_journals.py")
    code, output = run(tmp_path, server, sys.executable, *tests)
    assert code == 0, output


def without_ids(text: str) -> str:
    return re.sub(r"inv_1\w+", "inv_1", text)
