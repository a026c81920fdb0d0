"""A rule for a scope and a limit key bounds the invocations that a handler makes with both.

Rules need protocol v7, and with Restate 1.7 its experimental "vqueues": a server of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.asgi_servers import HTTP1
from tests.conformance.suite import HOST, Suite, unique, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.configurations import Configuration

LIMIT = 2
MESSAGES = 4
AN_HOUR = 3_600_000


@pytest.fixture
def scoping_suite(configuration: Configuration) -> Iterator[Suite]:
    """A server that knows scopes and rules."""
    if not configuration.v7 or configuration.suspends or HOST in HTTP1:
        pytest.skip("v7 has scopes, and what is suspended does not run")
    environ = {
        "RESTATE_EXPERIMENTAL_ENABLE_VQUEUES": "true",
        "RESTATE_WORKER__RULE_BOOK_POLL_INTERVAL": "100ms",
    }
    with configuration.nodes(environ=environ) as nodes:
        yield from Suite(configuration, nodes).open()


def test_no_more_run_than_a_rule_allows(scoping_suite: Suite) -> None:
    suite = scoping_suite
    scope, limit_key = unique(), unique()
    rule = {"pattern": f"{scope}/{limit_key}", "limits": {"concurrency": LIMIT}}
    httpx.put(f"{suite.server.admin_url}/limits/rules", json=[rule]).raise_for_status()
    echo = {"sleep": AN_HOUR, "parameter": "x"}
    message = {
        "proxyRequest": {
            "serviceName": "ServiceInterpreterHelper",
            "handlerName": "echoLater",
            "message": list(json.dumps(echo).encode()),
            "scope": scope,
            "limitKey": limit_key,
        },
        "oneWayCall": True,
        "awaitAtTheEnd": False,
    }

    def invocations() -> dict[str, str]:
        sql = f"SELECT id, status FROM sys_invocation WHERE scope = '{scope}'"
        return {row["id"]: row["status"] for row in suite.query(sql)}

    def statuses() -> dict[str, int]:
        return dict(Counter(invocations().values()))

    # The rule is known where an invocation is counted by it.
    suite.service("Proxy").call("manyCalls", [message])
    limits = f"SELECT concurrency_limit FROM sys_user_limits WHERE l1 = '{limit_key}'"
    until(lambda: [row.get("concurrency_limit") for row in suite.query(limits)] == [LIMIT])
    suite.service("Proxy").call("manyCalls", [message] * (MESSAGES - 1))
    until(lambda: statuses() == {"running": LIMIT, "pending": MESSAGES - LIMIT})

    running = next(id_ for id_, status in invocations().items() if status == "running")
    suite.kill(running)
    left = {"running": LIMIT, "pending": MESSAGES - LIMIT - 1}
    until(lambda: left.items() <= statuses().items())
    for id_, status in invocations().items():
        if status != "completed":
            suite.kill(id_)
