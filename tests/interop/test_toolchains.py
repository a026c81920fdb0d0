"""The toolchains that the driver finds, and what it generates and runs with them."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from interop import __main__ as program
from interop.cells import LANGUAGES
from interop.commands import Command, CommandError, run, serving
from interop.generate import plugins_of
from interop.languages import all_languages
from interop.toolchains import EXAMPLE, Tool, parse_version

HOUR = 3600  # a timeout that does not come


def python(folder: Path, code: str) -> Command:
    return Command((sys.executable, "-c", code), folder)


def test_every_language_is_there_in_the_order_of_the_matrix() -> None:
    assert tuple(language.name for language in all_languages()) == LANGUAGES
    for language in all_languages():
        assert list((EXAMPLE / "proto" / language.package.replace(".", "/")).glob("*.proto"))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.26.8 linux/amd64", (1, 26)),
        ('openjdk version "17.0.15" 2025-04-15', (17, 0)),
        ("v22.23.3", (22, 23)),
        ("no idea", (0, 0)),
    ],
)
def test_a_version_is_found_in_what_tools_print(text: str, version: tuple[int, int]) -> None:
    assert parse_version(text) == version


def test_what_is_missing_is_said_in_words() -> None:
    name = Path(sys.executable).name
    assert Tool(name, ("--version",), (3, 11)).missing() is None
    assert Tool("no-such-tool").missing() == "no-such-tool is not on PATH"
    found = parse_version(sys.version)
    expected = f"{name} has version {found[0]}.{found[1]}, not 99.0 or newer"
    assert Tool(name, ("--version",), (99, 0)).missing() == expected


def test_a_template_has_the_plugins_of_the_languages_alone() -> None:
    template = (EXAMPLE / "buf.gen.yaml").read_text()
    outs = re.compile(r"^ +out: (\w+)/", re.MULTILINE)
    assert set(outs.findall(plugins_of(template, LANGUAGES))) == set(LANGUAGES)
    for language in LANGUAGES:
        text = plugins_of(template, [language])
        assert set(outs.findall(text)) == {language}
        assert text.startswith(template.partition("plugins:")[0])
    assert "protoc-gen-go-restate" in plugins_of(template, ["go"])


def test_a_language_that_was_asked_for_has_to_be_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = (Tool("no-such-tool"),)
    languages = [replace(language, needs=absent) for language in all_languages()]
    monkeypatch.setattr(program, "all_languages", lambda: languages)
    assert program.main(["--languages", "go"]) == 3
    assert program.main(["--check"]) == 3
    assert "Go cannot be run here: no-such-tool is not on PATH" in capsys.readouterr().out


def test_an_unknown_language_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        program.main(["--languages", "python,cobol"])
    assert "unknown: cobol" in capsys.readouterr().err


def test_a_command_gives_what_it_printed(tmp_path: Path) -> None:
    printing = python(tmp_path, "import os; print(os.getcwd())")
    assert asyncio.run(run(printing, seconds=HOUR)) == str(tmp_path)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("print('broken'); exit(3)", "status 3\nbroken"),
        ("import time; time.sleep(60)", "took more"),
    ],
)
def test_a_command_that_fails_says_why(tmp_path: Path, code: str, reason: str) -> None:
    seconds = HOUR if "exit" in code else 0.2
    with pytest.raises(CommandError, match=reason):
        asyncio.run(run(python(tmp_path, code), seconds=seconds))


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no-such-tool"):
        asyncio.run(run(Command(("no-such-tool",), tmp_path), seconds=HOUR))


SERVER = """
import os, socket
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
print("starting", flush=True)
print("ready to serve", flush=True)
listener.accept()[0].sendall(b"hello")
listener.accept()
"""


def test_a_server_runs_while_it_is_needed(tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def scenario() -> str:
        async with serving(python(tmp_path, SERVER), "ready", log, seconds=HOUR) as address:
            reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(address).port)
            assert await reader.read() == b"hello"
            writer.close()
            return address

    address = asyncio.run(scenario())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(address).port or 0))
    assert log.read_text() == "starting\nready to serve\n"


def test_a_server_that_ends_early_says_why(tmp_path: Path) -> None:
    async def scenario() -> None:
        failing = python(tmp_path, "exit('no luck today')")
        async with serving(failing, "ready", tmp_path / "log", seconds=HOUR):
            pytest.fail("it does not listen")

    with pytest.raises(CommandError, match="does not listen\nno luck today"):
        asyncio.run(scenario())
