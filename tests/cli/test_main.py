"""The command as a whole: what all subcommands share."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from restate_proto.cli.main import app

COMMANDS = (
    *("init", "generate", "export", "breaking", "serve"),
    *("deploy", "rollback", "deployments", "call", "invocations", "state"),
)


def test_version_names_the_installed_one() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout == f"restate-proto {version('restate-proto')}\n"


def test_without_arguments_it_lists_the_commands() -> None:
    output = CliRunner().invoke(app, []).output
    assert all(command in output for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.stdout


def test_paragraphs_of_help_are_wrapped_to_the_terminal() -> None:
    for command in (["rollback"], ["invocations", "resume"]):
        result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80"})
        text = result.stdout.partition("╭")[0]
        lines = text.partition("Usage")[2].splitlines()[1:]
        for line, following in pairwise(lines):
            first_word = following.split()[:1]
            # Perhaps it ends its paragraph: old versions of typer leave no line after that.
            ends = line.rstrip().endswith(".")
            if line.strip() and first_word and not ends:
                assert len(f"{line.rstrip()} {first_word[0]}") > 78, f"{line!r} breaks too early"


def test_an_unknown_command_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["dance"])
    assert result.exit_code == 2
    assert "dance" in result.stderr


def test_it_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "restate_proto", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("restate-proto ")


def test_help_waits_for_no_heavy_module() -> None:
    heavy = ["asyncio", "grpc_tools", "h2", "ngh2", "restate_proto.endpoint"]
    program = (
        "import sys\n"
        "from restate_proto.cli.main import app\n"
        "try:\n"
        "    app(['serve', '--help'])\n"
        "except SystemExit:\n"
        f"    print('loaded:', [name for name in {heavy} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("loaded: []\n")


@pytest.mark.parametrize(
    ("words", "found"), [("restate-proto ser", "serve"), ("restate-proto serve --wor", "--workers")]
)
def test_a_shell_can_complete_commands_and_options(words: str, found: str) -> None:
    environ = {
        **os.environ,
        "_RESTATE_PROTO_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    command = [sys.executable, "-m", "restate_proto"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    assert found in done.stdout.split()
