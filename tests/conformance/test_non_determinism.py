"""Handlers that do something else in their second attempt fail before it has any effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conformance.suite import ResponseError, Suite, unique

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.configurations import Configuration

HANDLERS = [
    "eitherSleepOrCall",
    "callDifferentMethod",
    "backgroundInvokeWithDifferentTargets",
    "setDifferentKey",
]


@pytest.fixture(scope="module")
def suite_without_retries(configuration: Configuration) -> Iterator[Suite]:
    """Run a server that replays after a suspension, and retries nothing."""
    if not configuration.suspends:
        pytest.skip("a handler is replayed only where it is suspended")
    policy = {"max-attempts": 1, "on-max-attempts": "kill", "initial-interval": "1ms"}
    with configuration.nodes(config={"default-retry-policy": policy}) as nodes:
        yield from Suite(configuration, nodes).open()


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_mismatch_is_found(suite_without_retries: Suite, handler: str) -> None:
    suite, key = suite_without_retries, unique()
    counter = suite.object("Counter", key)
    counter.call("add", 1)
    with pytest.raises(ResponseError) as caught:
        suite.object("NonDeterministic", key).call(handler)
    assert caught.value.status == 570
    assert counter.call("get") == 1
