"""Trees of calls that are cancelled, or killed, while they wait."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conformance.suite import unique, until

if TYPE_CHECKING:
    from tests.conformance.suite import Suite

OPERATIONS = ["CALL", "SLEEP", "AWAKEABLE"]


def unlock(suite: Suite, key: str) -> None:
    """Resolve the awakeable that the handler awaits first, and so bring it to where it blocks."""
    holder = suite.object("AwakeableHolder", key)
    until(lambda: holder.call("hasAwakeable"))
    holder.call("unlock", "cancel")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_cancel_from_outside(suite: Suite, operation: str) -> None:
    key = unique()
    sent = suite.object("CancelTestRunner", key).send("startTest", operation)
    unlock(suite, key)
    suite.cancel(sent.id)
    assert suite.object("CancelTestRunner", key).call("verifyTest") is True
    suite.object("CancelTestBlockingService", key).call("isUnlocked")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_cancel_from_a_handler(suite: Suite, operation: str) -> None:
    key = unique()
    message = list(json.dumps(operation).encode())
    id_ = suite.service("Proxy").call(
        "oneWayCall",
        {
            "serviceName": "CancelTestRunner",
            "virtualObjectKey": key,
            "handlerName": "startTest",
            "message": message,
        },
    )
    unlock(suite, key)
    suite.service("TestUtilsService").call("cancelInvocation", id_)
    assert suite.object("CancelTestRunner", key).call("verifyTest") is True
    suite.object("CancelTestBlockingService", key).call("isUnlocked")


def test_kill(suite: Suite) -> None:
    key = unique()
    sent = suite.object("KillTestRunner", key).send("startCallTree")
    unlock(suite, key)
    suite.kill(sent.id)
    suite.object("KillTestSingleton", key).call("isUnlocked")
