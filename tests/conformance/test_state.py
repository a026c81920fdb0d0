"""State: numbers, and keys that are listed and cleared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.suite import unique, until

if TYPE_CHECKING:
    from tests.conformance.suite import Suite


def test_add(suite: Suite) -> None:
    counter = suite.object("Counter", unique())
    assert counter.call("get") == 0
    assert counter.call("add", 1) == {"oldValue": 0, "newValue": 1}
    assert counter.call("add", 2) == {"oldValue": 1, "newValue": 3}
    assert counter.call("reset") == {}
    assert counter.call("get") == 0


def test_add_by_one_way_calls(suite: Suite) -> None:
    key = unique()
    proxy = suite.service("Proxy")
    for _ in range(3):
        proxy.call(
            "oneWayCall",
            {
                "serviceName": "Counter",
                "virtualObjectKey": key,
                "handlerName": "add",
                "message": list(b"1"),
            },
        )
    counter = suite.object("Counter", key)
    until(lambda: counter.call("get") == 3)


def test_keys_are_listed_and_cleared(suite: Suite) -> None:
    one, other = (suite.object("MapObject", unique()) for _ in range(2))
    one.call("set", {"key": "my-key-0", "value": "my-value-0"})
    one.call("set", {"key": "my-key-1", "value": "my-value-1"})
    other.call("set", {"key": "my-key-2", "value": "my-value-2"})
    assert one.call("get", "my-key-0") == "my-value-0"
    assert sorted(one.call("clearAll"), key=lambda entry: entry["key"]) == [
        {"key": "my-key-0", "value": "my-value-0"},
        {"key": "my-key-1", "value": "my-value-1"},
    ]
    assert one.call("get", "my-key-0") == one.call("get", "my-key-1") == ""
    assert other.call("get", "my-key-2") == "my-value-2"
