"""The first of several, all of them, those that succeed: for awakeables, signals, timers and runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.suite import ResponseError, unique, until

if TYPE_CHECKING:
    from tests.conformance.suite import Invocation, Suite, Target


def interpreter(suite: Suite) -> Target:
    return suite.object("VirtualObjectCommandInterpreter", unique())


def commands(*each: dict[str, Any]) -> dict[str, Any]:
    return {"commands": list(each)}


def signal(name: str) -> dict[str, str]:
    return {"type": "createSignal", "signalName": name}


def awakeable(name: str) -> dict[str, str]:
    return {"type": "createAwakeable", "awakeableKey": name}


def returns(value: str) -> dict[str, str]:
    return {"type": "runReturns", "value": value}


def fails(reason: str) -> dict[str, str]:
    return {"type": "runThrowTerminalException", "reason": reason}


class Signals:
    """Sends signals to an invocation."""

    def __init__(self, suite: Suite, invocation: Invocation) -> None:
        self._utils = suite.service("TestUtilsService")
        self._id = invocation.id

    def resolve(self, name: str, value: str) -> None:
        signal = {"invocationId": self._id, "signalName": name, "value": value}
        self._utils.call("resolveSignal", signal)

    def reject(self, name: str, reason: str) -> None:
        signal = {"invocationId": self._id, "signalName": name, "reason": reason}
        self._utils.call("rejectSignal", signal)


THREE_SIGNALS = [signal("sig0"), signal("sig1"), signal("sig2")]


# ---- Awakeables and timers ----


@pytest.mark.parametrize("type_", ["awaitAny", "awaitFirstCompleted"])
def test_a_timer_wins_against_an_awakeable(suite: Suite, type_: str) -> None:
    both = [awakeable("awk1"), {"type": "sleep", "timeoutMillis": 20}]
    asked = commands({"type": type_, "commands": both})
    assert interpreter(suite).call("interpretCommands", asked) == "sleep"


def test_an_awakeable_times_out(suite: Suite) -> None:
    command = {"type": "awaitAwakeableOrTimeout", "awakeableKey": "awk", "timeoutMillis": 20}
    with pytest.raises(ResponseError, match="await-timeout"):
        interpreter(suite).call("interpretCommands", commands(command))


def test_an_awakeable_is_in_time(suite: Suite) -> None:
    target = interpreter(suite)
    command = {"type": "awaitAwakeableOrTimeout", "awakeableKey": "awk", "timeoutMillis": 3_600_000}
    sent = target.send("interpretCommands", commands(command))
    until(lambda: target.call("hasAwakeable", "awk"))
    target.call("resolveAwakeable", {"awakeableKey": "awk", "value": "here"})
    assert sent.attach() == "here"


@pytest.mark.parametrize("type_", ["awaitAnySuccessful", "awaitFirstSucceededOrAllFailed"])
def test_the_first_awakeable_that_succeeds(suite: Suite, type_: str) -> None:
    target = interpreter(suite)
    mixed = [each for n in range(3) for each in (awakeable(f"awk{n}"), fails(f"run{n}"))]
    sent = target.send("interpretCommands", commands({"type": type_, "commands": mixed}))
    until(lambda: target.call("hasAwakeable", "awk2"))
    assert target.call("hasAwakeable", "awk0")
    assert not target.call("hasAwakeable", "awk3")
    target.call("rejectAwakeable", {"awakeableKey": "awk2", "reason": "fail"})
    target.call("resolveAwakeable", {"awakeableKey": "awk1", "value": "awk1-result"})
    assert sent.attach() == "awk1-result"


def test_all_fail(suite: Suite) -> None:
    all_ = {"type": "awaitAnySuccessful", "commands": [fails("one"), fails("two")]}
    with pytest.raises(ResponseError, match="one"):
        interpreter(suite).call("interpretCommands", commands(all_))


# ---- Signals ----


def test_the_first_signal_that_succeeds(suite: Suite) -> None:
    asked = commands({"type": "awaitAnySuccessful", "commands": THREE_SIGNALS})
    sent = interpreter(suite).send("interpretCommands", asked)
    signals = Signals(suite, sent)
    signals.reject("sig0", "fail0")
    signals.reject("sig2", "fail2")
    signals.resolve("sig1", "success1")
    assert sent.attach() == "success1"


def test_all_signals(suite: Suite) -> None:
    asked = commands({"type": "awaitAllSucceededOrFirstFailed", "commands": THREE_SIGNALS})
    sent = interpreter(suite).send("interpretCommands", asked)
    signals = Signals(suite, sent)
    for n in range(3):
        signals.resolve(f"sig{n}", f"val{n}")
    assert sent.attach() == "val0|val1|val2"


def test_the_first_signal_that_fails(suite: Suite) -> None:
    asked = commands({"type": "awaitAllSucceededOrFirstFailed", "commands": THREE_SIGNALS})
    sent = interpreter(suite).send("interpretCommands", asked)
    signals = Signals(suite, sent)
    signals.resolve("sig0", "val0")
    signals.reject("sig1", "boom")
    with pytest.raises(ResponseError, match="boom"):
        sent.attach()


def test_all_signals_whatever_comes_of_them(suite: Suite) -> None:
    asked = commands({"type": "awaitAllCompleted", "commands": THREE_SIGNALS})
    sent = interpreter(suite).send("interpretCommands", asked)
    signals = Signals(suite, sent)
    signals.resolve("sig0", "val0")
    signals.reject("sig1", "err1")
    signals.resolve("sig2", "val2")
    assert sent.attach() == "ok:val0|err:err1|ok:val2"


def test_the_first_signal(suite: Suite) -> None:
    asked = commands({"type": "awaitAny", "commands": THREE_SIGNALS})
    sent = interpreter(suite).send("interpretCommands", asked)
    Signals(suite, sent).resolve("sig1", "first")
    assert sent.attach() == "first"


def test_one_signal(suite: Suite) -> None:
    asked = commands({"type": "awaitOne", "command": signal("mysignal")})
    sent = interpreter(suite).send("interpretCommands", asked)
    Signals(suite, sent).resolve("mysignal", "hello")
    assert sent.attach() == "hello"


def test_one_signal_that_is_rejected(suite: Suite) -> None:
    asked = commands({"type": "awaitOne", "command": signal("mysignal")})
    sent = interpreter(suite).send("interpretCommands", asked)
    Signals(suite, sent).reject("mysignal", "boom")
    with pytest.raises(ResponseError, match="boom"):
        sent.attach()


# ---- Runs with signals ----


def test_a_run_wins_against_a_signal(suite: Suite) -> None:
    both = [signal("sig"), returns("runval")]
    asked = commands({"type": "awaitFirstCompleted", "commands": both})
    assert interpreter(suite).call("interpretCommands", asked) == "runval"


def test_a_signal_wins_when_a_run_has_failed(suite: Suite) -> None:
    both = [fails("fail"), signal("sig")]
    asked = commands({"type": "awaitFirstSucceededOrAllFailed", "commands": both})
    sent = interpreter(suite).send("interpretCommands", asked)
    Signals(suite, sent).resolve("sig", "sigval")
    assert sent.attach() == "sigval"


def test_a_run_and_a_signal_both(suite: Suite) -> None:
    both = [returns("runval"), signal("sig")]
    asked = commands({"type": "awaitAllSucceededOrFirstFailed", "commands": both})
    sent = interpreter(suite).send("interpretCommands", asked)
    Signals(suite, sent).resolve("sig", "sigval")
    assert sent.attach() == "runval|sigval"


def test_runs_and_a_signal_whatever_comes_of_them(suite: Suite) -> None:
    all_ = [returns("runval"), signal("sig"), fails("fail")]
    asked = commands({"type": "awaitAllCompleted", "commands": all_})
    sent = interpreter(suite).send("interpretCommands", asked)
    Signals(suite, sent).resolve("sig", "sigval")
    assert sent.attach() == "ok:runval|ok:sigval|err:fail"


# ---- One command after another ----


def test_results_are_kept_in_order(suite: Suite) -> None:
    target = interpreter(suite)
    asked = commands(
        {"type": "getEnvVariable", "envName": "NO_SUCH_VARIABLE"},
        {"type": "awaitOne", "command": returns("one")},
        {"type": "awaitOne", "command": {"type": "sleep", "timeoutMillis": 1}},
    )
    assert target.call("interpretCommands", asked) == "sleep"
    assert target.call("getResults") == ["", "one", "sleep"]


@pytest.mark.parametrize("completes", ["resolveAwakeable", "rejectAwakeable"])
def test_an_awakeable_that_the_handler_itself_completes(suite: Suite, completes: str) -> None:
    """It has lost against a run, and is then completed all the same."""
    both = [awakeable("awk"), returns("run")]
    asked = commands(
        {"type": "awaitAny", "commands": both},
        {"type": completes, "awakeableKey": "awk", "value": "x", "reason": "x"},
    )
    target = interpreter(suite)
    assert target.call("interpretCommands", asked) == ""
    assert target.call("getResults") == ["run", ""]
