"""Failures: terminal ones, what callers get of them, and handlers that are retried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.suite import ResponseError, unique

if TYPE_CHECKING:
    from tests.conformance.suite import Suite

FAILING = ["terminallyFailingCall", "callTerminallyFailingCall", "terminallyFailingSideEffect"]
METADATA = {"key1": "value1", "key2": "value2"}


@pytest.mark.parametrize("handler", FAILING)
def test_terminal_failures(suite: Suite, handler: str) -> None:
    failing = suite.object("Failing", unique())
    for _ in range(3):  # the first ones leave it as it was
        with pytest.raises(ResponseError) as caught:
            failing.call(handler, {"errorMessage": "my error"})
        assert (caught.value.status, caught.value.message) == (500, "my error")
        assert not caught.value.metadata


@pytest.mark.parametrize("handler", FAILING)
def test_terminal_failures_with_metadata(suite: Suite, handler: str) -> None:
    failing = suite.object("Failing", unique())
    for _ in range(3):
        with pytest.raises(ResponseError) as caught:
            failing.call(handler, {"errorMessage": "my error", "metadata": METADATA})
        assert (caught.value.status, caught.value.message) == (500, "my error")
        assert caught.value.metadata == METADATA


def test_state_that_was_set_before_a_failure_is_kept(suite: Suite) -> None:
    key = unique()
    counter = suite.object("Counter", key)
    with pytest.raises(ResponseError) as caught:
        counter.call("addThenFail", 1)
    assert caught.value.message == key
    assert counter.call("get") == 1


def test_handlers_are_retried_until_they_succeed(suite: Suite) -> None:
    failing = suite.object("Failing", unique())
    assert failing.call("failingCallWithEventualSuccess") == 4
    assert failing.call("failingCallWithEventualSuccess") == 4
