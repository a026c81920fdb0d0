"""Files written by people and servers: settings, and journals for replay."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.v1.benchmark_pb2 import GreetRequest, GreetResponse
from benchmark.v1.benchmark_restate import GreeterBase
from restate_proto import Context, Endpoint
from restate_proto.serving.settings import SETTINGS
from restate_proto.serving.sources import SettingsError, read_settings
from restate_proto.testing.journals.files import JournalFileError, load_journals, save_journal
from restate_proto.testing.journals.replayer import replay_journals
from tests.codec.messages import json_values
from tests.fuzz.examples import fuzz
from tests.fuzz.mutations import changed_json, mutated
from tests.testing.journals.journal import input_of, journal, run, run_result

if TYPE_CHECKING:
    from collections.abc import Mapping

RIGHT = b"""\
[tool.restate-proto]
endpoint = "shop.main:endpoint"
port = 9080
log-level = "info"
tls-cert = "a.pem"
workers = 2
reload = false
read-timeout = "1m"
"""
# Values of TOML that are no text of an option, and what is where a table should be.
ODD = st.sampled_from(
    [b"{}", b"[1]", b"nan", b"1e400", b"-1", b"2030-01-01", b'"\\u0000"', b"'''\n'''", b"9" * 5000]
)
keys = st.sampled_from([setting.key for setting in SETTINGS])


def _setting(key: str, value: bytes) -> bytes:
    return b"[tool.restate-proto]\n%s = %s" % (key.encode(), value)


def _no_table(name: bytes, value: bytes) -> bytes:
    return name + b" = " + value


documents = st.one_of(
    mutated(RIGHT),
    st.builds(_setting, keys, ODD),
    st.builds(_no_table, st.sampled_from([b"tool", b"[tool]\nrestate-proto"]), ODD),
    st.binary(max_size=50),
    st.just(b"x = " + b"[" * 100_000),
)


def settings(environ: Mapping[str, str], options: Mapping[str, str], document: bytes) -> None:
    """Read the settings; an error is one line that names its place."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_bytes(document)
        said = None
        try:
            read_settings(options, environ, Path(folder))
        except SettingsError as error:
            said = str(error)
        assert said is None or 0 < len(said.strip()) < 20_000


@fuzz(cost=2)
@given(documents)
def test_any_pyproject(document: bytes) -> None:
    settings({}, {}, document)


texts = st.one_of(
    st.sampled_from(["", "0", "-1", "1m", "9" * 400, "true", "a:b", "[::1]:80", "unix:/x", "nan"]),
    st.text(max_size=10),
)


@fuzz(cost=2)
@given(
    st.dictionaries(st.sampled_from([each.variable for each in SETTINGS] + ["PORT"]), texts),
    st.dictionaries(st.sampled_from([each.name for each in SETTINGS]), texts, max_size=4),
)
def test_any_environment_and_options(environ: dict[str, str], options: dict[str, str]) -> None:
    settings(environ, options, b"")


class Greeter(GreeterBase):
    """Does what the journal says, in the right order."""

    async def greet(self, ctx: Context, request: GreetRequest) -> GreetResponse:
        first = await ctx.run("first", lambda: "1")
        second = await ctx.run("second", lambda: "2")
        return GreetResponse(greeting=request.name + first + second)


ENDPOINT = Endpoint(Greeter())


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the file of a journal that is right."""
    recorded = journal(
        "Greeter/greet",
        input_of(GreetRequest(name="x")),
        run(1, "first"),
        run_result(1, "1"),
        status="suspended",
        awaits=[{"CompletionId": 1}],
    )
    return json.loads(save_journal(tmp_path_factory.mktemp("journal"), recorded).read_bytes())


def check_journal(data: bytes) -> None:
    """Run the code on a file, which is either refused, or has an outcome for each journal."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.json")
        path.write_bytes(data)
        journals, said = [], ""
        try:
            journals = list(load_journals(path))
        except JournalFileError as error:
            said = str(error)
        assert bool(said) != bool(journals)
        assert "\n" not in said
        report = asyncio.run(replay_journals(ENDPOINT, journals))
        assert len(report.verdicts) == len(journals)
        assert str(report)


@fuzz(cost=10)
@given(data=st.data())
def test_a_journal_that_was_changed(saved: Any, data: st.DataObject) -> None:
    check_journal(json.dumps(data.draw(changed_json(saved))).encode())


@fuzz(cost=10)
@given(data=st.data())
def test_bytes_that_were_a_journal(saved: Any, data: st.DataObject) -> None:
    check_journal(data.draw(mutated(json.dumps(saved).encode())))


@fuzz()
@given(st.one_of(json_values().map(lambda each: json.dumps(each).encode()), st.binary()))
def test_what_is_no_journal(data: bytes) -> None:
    check_journal(data)


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"format": 1, "invocation": ' + b"[" * 100_000])
def test_json_in_json(data: bytes) -> None:
    check_journal(data)
