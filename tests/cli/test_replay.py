"""`restate-proto replay` on saved journals: what it prints, and how it exits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from conformance.v1.conformance_pb2 import Script
from restate_proto.cli.main import app
from restate_proto.testing.journals.files import save_journal
from tests.testing.journals.journal import ID, input_of, journal, run

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

CODE = "tests.testing.journals.trips:endpoint"
PERFORM = "conformance.v1.Clerk/Perform"


def replay(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def test_code_that_does_what_the_journals_say(tmp_path: Path) -> None:
    save_journal(tmp_path, journal(PERFORM, input_of(Script())))
    result = replay(CODE, tmp_path)
    assert result.exit_code == 0, result.output
    assert result.stdout == "1 journal: 1 ok, goes on where the journal ends\n"
    listed = replay(CODE, tmp_path, "--all").stdout
    assert listed.startswith(f"{ID}  {PERFORM}  running  ok, goes on where the journal ends: 'run ")
    assert "(tests/testing/journals/trips.py:" in listed, "below the folder that one is in"


def test_the_code_is_by_default_what_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RESTATE_PROTO_ENDPOINT", raising=False)
    nowhere = ("--admin-url", "http://127.0.0.1:1")
    unsaid = replay(*nowhere)
    assert unsaid.exit_code == 2
    assert unsaid.stderr == "error: say which code: restate-proto replay MODULE:ENDPOINT\n"
    project = tmp_path / "pyproject.toml"
    project.write_text(f'[tool.restate-proto]\nendpoint = "{CODE}"\n')
    assert "no Restate server answers" in replay(*nowhere).stderr, "the code was found"
    project.write_text('[tool.restate-proto]\nendpoint = "trips_of_nobody:endpoint"\n')
    assert "trips_of_nobody" in replay(*nowhere).stderr
    monkeypatch.setenv("RESTATE_PROTO_ENDPOINT", CODE)
    assert "no Restate server answers" in replay(*nowhere).stderr, "the environment comes first"
    project.write_text("[tool.restate-proto]\nendpint = 1\n")
    assert "has no key endpint" in replay(*nowhere).stderr


def test_code_that_does_something_else(tmp_path: Path) -> None:
    save_journal(tmp_path, journal(PERFORM, input_of(Script()), run(1, "other")))
    result = replay(CODE, tmp_path)
    assert result.exit_code == 1
    first, patch, restart, last = result.stdout.splitlines()
    assert first.startswith(
        f"{ID}  {PERFORM}  running  differs at entry 1, 'run other': 'run quote' differs: "
    )
    assert "name: 'quote' in the code, 'other' in the journal" in first
    assert "ctx.patched" in patch
    assert f"restate-proto invocations restart-as-new {ID} --from 0" in restart
    assert last == "1 journal: 1 differs"


def test_json(tmp_path: Path) -> None:
    save_journal(tmp_path, journal(PERFORM, input_of(Script()), run(1, "other")))
    result = replay(CODE, tmp_path, "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["counts"] == {"differs": 1}
    (found,) = document["journals"]
    assert (found["id"], found["outcome"], found["entry"]) == (ID, "differs", 1)
    assert found["recorded"] == "run other"
    assert found["line"].partition(".py:")[0].endswith("trips")
    assert len(found["repair"]) == 2


def test_what_is_undecided_is_no_difference(tmp_path: Path) -> None:
    recorded = journal(PERFORM, input_of(Script()), pinned_service_protocol_version=9)
    save_journal(tmp_path, recorded)
    result = replay(CODE, tmp_path)
    assert result.exit_code == 0
    assert "undecided: service protocol v9" in result.stdout


def test_what_code_prints_is_not_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)  # pyright: ignore[reportUnknownMemberType]
    (tmp_path / "loud_code.py").write_text(
        "from tests.testing.journals import trips\n"
        "class Clerk(trips.Clerk):\n"
        "    async def perform(self, ctx, request):\n"
        "        print('loud')\n"
        "        return trips.Parcel()\n"
        "endpoint = trips.Endpoint(Clerk())\n"
    )
    save_journal(tmp_path / "journals", journal(PERFORM, input_of(Script())))
    result = replay("loud_code:endpoint", tmp_path / "journals", "--json")
    assert json.loads(result.stdout)["counts"] == {"goes-on": 1}
    # The runner of the oldest typer keeps nothing of what goes to the real stderr.
    assert (result.stderr or "loud\n") == "loud\n"


def test_a_lifespan_that_cannot_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)  # pyright: ignore[reportUnknownMemberType]
    (tmp_path / "code_without_database.py").write_text(
        "from contextlib import asynccontextmanager\n"
        "from tests.testing.journals import trips\n"
        "@asynccontextmanager\n"
        "async def lifespan():\n"
        "    raise OSError('no database')\n"
        "    yield\n"
        "endpoint = trips.Endpoint(trips.Clerk(), lifespan=lifespan)\n"
    )
    save_journal(tmp_path / "journals", journal(PERFORM, input_of(Script())))
    result = replay("code_without_database:endpoint", tmp_path / "journals")
    assert result.exit_code == 2
    assert "no database; `restate-proto replay --no-lifespan` does without" in result.stderr
    result = replay("code_without_database:endpoint", tmp_path / "journals", "--no-lifespan")
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["no_such_module:endpoint", "."], "there is no module 'no_such_module'"),
        ([CODE, "tests/testing/journals"], "there are no journals"),
        ([CODE, "--where", "true", "--completed"], "so leave out --completed"),
        (
            [CODE, ".", "--where", "true"],
            "--where, --completed and --save only work with journals of a server",
        ),
        ([CODE, "--redact"], "--redact only works with --save DIR"),
        ([CODE, "--admin-url", "localhost:9070"], "is not a URL"),
        ([CODE, "--admin-url", "http://127.0.0.1:1"], "no Restate server answers"),
        (
            [CODE, "--admin", "http://127.0.0.1:1"],
            "no Restate server answers at http://127.0.0.1:1",
        ),
    ],
)
def test_what_could_not_be_tried(arguments: list[str], problem: str) -> None:
    result = replay(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert problem in result.stderr
    assert result.stderr.count("\n") == 1
