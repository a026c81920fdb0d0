"""Calls and messages by name, from a handler: their order, their delays and idempotency keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.suite import unique, until

if TYPE_CHECKING:
    from tests.conformance.suite import Suite

FIRST_ADDITION = {"oldValue": 0, "newValue": 1}


def request(
    service: str, key: str | None, handler: str, body: object, **more: Any
) -> dict[str, Any]:
    """Return a request to Proxy, with bytes as numbers."""
    message = list(json.dumps(body).encode())
    return {
        "serviceName": service,
        "virtualObjectKey": key,
        "handlerName": handler,
        "message": message,
        **more,
    }


def as_json(numbers: list[int]) -> Any:
    return json.loads(bytes(number & 0xFF for number in numbers))


def test_call(suite: Suite) -> None:
    proxy = suite.service("Proxy")
    asked = request("TestUtilsService", None, "uppercaseEcho", "größe")
    assert as_json(proxy.call("call", asked)) == "GRÖSSE"


def test_bytes_are_as_those_of_java(suite: Suite) -> None:
    asked = request("TestUtilsService", None, "echo", "x")
    asked["message"] = [34, -61, -74, 34]
    assert suite.service("Proxy").call("call", asked) == [34, -61, -74, 34]
    asked["message"] = [34, 195, 182, 34]
    assert suite.service("Proxy").call("call", asked) == [34, -61, -74, 34]


def test_one_way_call(suite: Suite) -> None:
    key = unique()
    id_ = suite.service("Proxy").call("oneWayCall", request("Counter", key, "add", 1))
    assert id_.startswith("inv_")
    counter = suite.object("Counter", key)
    until(lambda: counter.call("get") == 1)


@pytest.mark.parametrize("handler", ["oneWayCall", "call"])
def test_calls_with_one_idempotency_key(suite: Suite, handler: str) -> None:
    key, idempotency_key = unique(), unique()
    asked = request("Counter", key, "add", 1, idempotencyKey=idempotency_key)
    answers = [suite.service("Proxy").call(handler, asked) for _ in range(2)]
    if handler == "call":
        assert [as_json(answer) for answer in answers] == [FIRST_ADDITION] * 2
    else:
        assert answers[0] == answers[1]
    counter = suite.object("Counter", key)
    until(lambda: counter.call("get") == 1)
    assert suite.idempotent_result("Counter", key, "add", idempotency_key) == FIRST_ADDITION


def test_delayed_one_way_calls(suite: Suite) -> None:
    key = unique()
    asked = request("Counter", key, "add", 1, delayMillis=50)
    for _ in range(10):
        suite.service("Proxy").call("oneWayCall", asked)
    counter = suite.object("Counter", key)
    until(lambda: counter.call("get") == 10)


def test_a_delay_is_waited_for_before_the_key_is_taken(suite: Suite) -> None:
    key = unique()
    proxy, counter = suite.service("Proxy"), suite.object("Counter", key)
    late = proxy.call("oneWayCall", request("Counter", key, "add", 1, delayMillis=3_600_000))
    assert counter.call("add", 5) == {"oldValue": 0, "newValue": 5}
    (row,) = suite.query(f"SELECT status FROM sys_invocation WHERE id = '{late}'")
    assert row["status"] == "scheduled"
    suite.kill(late)


@pytest.mark.parametrize(
    "one_way", [(True, False, False), (False, True, False), (True, True, False)]
)
def test_calls_and_messages_keep_their_order(
    suite: Suite, one_way: tuple[bool, bool, bool]
) -> None:
    key = unique()
    calls = [
        {
            "proxyRequest": request("ListObject", key, "append", str(place)),
            "oneWayCall": is_message,
            "awaitAtTheEnd": not is_message,
        }
        for place, is_message in enumerate(one_way)
    ]
    suite.service("Proxy").call("manyCalls", calls)
    texts = suite.object("ListObject", key)
    assert texts.call("get") == ["0", "1", "2"]
    assert texts.call("clear") == ["0", "1", "2"]
    assert texts.call("clear") == []
