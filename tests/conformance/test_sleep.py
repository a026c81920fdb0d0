"""Timers: one, many at once, and one that outlives the process of its handler."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.suite import unique, until

if TYPE_CHECKING:
    from tests.conformance.suite import Invocation, Suite

INTERPRETER = "VirtualObjectCommandInterpreter"


def sleep(milliseconds: int) -> dict[str, Any]:
    return {"type": "sleep", "timeoutMillis": milliseconds}


def begin(suite: Suite, command: dict[str, Any]) -> Invocation:
    target = suite.object(INTERPRETER, unique())
    return target.send("interpretCommands", {"commands": [command]})


def test_one(suite: Suite) -> None:
    assert begin(suite, {"type": "awaitOne", "command": sleep(10)}).attach() == "sleep"


def test_many(suite: Suite) -> None:
    durations = [10 + 7 * n % 40 for n in range(20)]
    command = {"type": "awaitAllCompleted", "commands": [sleep(each) for each in durations]}
    invocations = [begin(suite, command) for _ in range(50)]
    for invocation in invocations:
        assert invocation.attach() == "|".join(["ok:sleep"] * 20)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_it_outlives_the_process(suite: Suite, number: signal.Signals) -> None:
    invocation = begin(suite, {"type": "awaitOne", "command": sleep(2_000)})
    sql = f"SELECT index, appended_at FROM sys_journal WHERE id = '{invocation.id}' AND entry_type = 'Command: Sleep'"
    until(lambda: suite.query(sql))
    timers = suite.query(sql)
    suite.services.restart(number)
    assert invocation.attach() == "sleep"
    assert suite.query(sql) == timers
