"""A lifespan that hangs or fails, when `serve` starts and when it stops."""

from __future__ import annotations

import json
import re
import time
from signal import SIGINT, SIGTERM, Signals
from typing import TYPE_CHECKING

import pytest

from restate_proto.serving.stopping import SAME_SECONDS
from tests.serving.processes import APP, serving, starting

if TYPE_CHECKING:
    from pathlib import Path

LIFESPAN = """
import contextlib

def say(text):
    print(text, file=sys.stderr, flush=True)

@contextlib.asynccontextmanager
async def lifespan():
    {begin}
    yield
    {end}

endpoint = Endpoint(Greeter(), lifespan=lifespan)
"""

HANGS = """say("hangs")
    try:
        await asyncio.sleep(1000)
    finally:
        say("gives up")
"""

ALONE_AND_WORKERS = [(), ("--workers", "2")]


def app(begin: str = "pass", end: str = "pass") -> str:
    return APP + LIFESPAN.format(begin=begin, end=end)


@pytest.mark.parametrize("options", ALONE_AND_WORKERS)
@pytest.mark.parametrize("number", [SIGTERM, SIGINT])
def test_told_to_stop_it_sets_nothing_up_any_more(
    tmp_path: Path, options: tuple[str, ...], number: Signals
) -> None:
    with starting(tmp_path, *options, "--log-level", "info", app=app(begin=HANGS)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for _ in range(2 if options else 1):
            while process.stderr.readline() != "hangs\n":
                assert process.poll() is None
        process.send_signal(number)
        log = process.stderr.read()
        assert process.wait() == 0, log
        assert process.stdout.read() == ""
        assert log.count("gives up") == (2 if options else 1)
        assert "told to stop before it served" in log
        assert "Traceback" not in log


@pytest.mark.parametrize("options", ALONE_AND_WORKERS)
def test_what_fails_at_the_end_is_logged(tmp_path: Path, options: tuple[str, ...]) -> None:
    code = app(end="raise OSError('the pool is gone')")
    with serving(tmp_path, *options, "--log-format", "json", app=code) as process:
        assert process.end() == 1
        records = [json.loads(line) for line in "".join(process.log).splitlines()]
    errors = [record for record in records if "the pool is gone" in record.get("exception", "")]
    assert len(errors) == (2 if options else 1)
    assert {record["level"] for record in errors} == {"error"}
    assert re.fullmatch(r"process \d+ has not stopped in an orderly way", errors[0]["message"])


def test_it_says_that_it_waits_for_the_lifespan_and_can_be_told_not_to(tmp_path: Path) -> None:
    with serving(tmp_path, app=app(end=HANGS)) as process:
        process.signal(SIGTERM)
        process.expect("still waits for cleanups, services and the lifespan")
        process.signal(SIGTERM)
        process.expect("asked again to stop")
        time.sleep(2 * SAME_SECONDS)  # signals that come at once count as one
        process.signal(SIGTERM)
        assert "gives up" in process.rest()
        assert process.process.wait() == 0


@pytest.mark.parametrize("options", ALONE_AND_WORKERS)
def test_the_socket_of_the_successor_stays(tmp_path: Path, options: tuple[str, ...]) -> None:
    """While a process stops, the next one may already listen at the same path."""
    path = tmp_path / "shop.sock"
    uds = ("--uds", str(path), *options)
    wait = 'while not os.path.exists("go on"):\n        await asyncio.sleep(0.01)\n'
    with serving(tmp_path, *uds, app=app(end=wait)) as process:
        process.signal(SIGTERM)
        process.expect("stops taking invocations")
        with serving(tmp_path, *uds) as successor:
            (tmp_path / "go on").touch()
            process.rest()
            assert process.process.wait() == 0
            assert path.is_socket()
            assert successor.end() == 0
    assert not path.exists()
