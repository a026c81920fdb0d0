"""Side effects: their retries, and the acknowledgement that each waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.suite import unique

if TYPE_CHECKING:
    from tests.conformance.suite import Suite


def test_retried_until_it_succeeds(suite: Suite) -> None:
    failing = suite.object("Failing", unique())
    assert failing.call("sideEffectSucceedsAfterGivenAttempts", 3) == 3


@pytest.mark.parametrize("attempts", [1, 3])
def test_retried_until_its_attempts_are_used_up(suite: Suite, attempts: int) -> None:
    failing = suite.object("Failing", unique())
    assert failing.call("sideEffectFailsAfterGivenAttempts", attempts) == attempts


def test_a_handler_waits_for_the_acknowledgement(suite: Suite) -> None:
    """If each wait is a suspension, all runs are acknowledged before the last attempt."""
    if suite.suspends:
        assert suite.service("TestUtilsService").call("countExecutedSideEffects", 3) == 0
    else:
        assert suite.service("TestUtilsService").call("countExecutedSideEffects", 3) == 3
