"""Restate itself is killed or stopped, and goes on where it was."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.conformance.suite import unique

if TYPE_CHECKING:
    from restate_proto.testing import RestateServer
    from tests.conformance.suite import Suite


def stop(server: RestateServer) -> None:
    """Stop the services as an operator does, and wait until they refuse connections."""
    assert server.pid
    os.kill(server.pid, signal.SIGTERM)
    url = urlsplit(server.ingress_url)
    with suppress(ConnectionRefusedError, ConnectionResetError):
        while True:
            socket.create_connection((url.hostname, url.port)).close()


@pytest.mark.parametrize("is_stopped", [False, True], ids=["killed", "stopped"])
def test_state_is_kept(suite: Suite, is_stopped: bool) -> None:
    if suite.configuration.is_cluster:
        pytest.skip("a node of a cluster is not all of Restate")
    counter = suite.object("Counter", unique())
    assert counter.call("add", 1) == {"oldValue": 0, "newValue": 1}
    if is_stopped:
        stop(suite.server)
    asyncio.run(suite.server.restart())
    assert counter.call("add", 2) == {"oldValue": 1, "newValue": 3}
