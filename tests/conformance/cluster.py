"""Three nodes of Restate that replicate their data."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from restate_proto.testing import RestateServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from restate_proto.testing.config import ConfigValue

__all__ = ["cluster"]

NODES = 3
SERVERS = 3
"""What a node listens with: for the other nodes, as ingress, and as admin API."""


@contextmanager
def cluster(
    make: Callable[[dict[str, ConfigValue]], RestateServer],
) -> Generator[list[RestateServer]]:
    """Run the nodes of a cluster.

    Args:
        make: makes a server with this in its configuration file.

    Yields:
        Its nodes.
    """
    ports = _free_ports(NODES * SERVERS)
    with ExitStack() as stack:
        nodes = [make(_config(number, ports)) for number in range(NODES)]
        for node in nodes:
            stack.callback(node.stop)
        with ThreadPoolExecutor(NODES) as threads:  # none is ready before most are
            list(threads.map(RestateServer.start, nodes))
        yield nodes


def _free_ports(count: int) -> list[int]:
    """Choose free ports in advance, since the nodes have to know each other's before they start."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _config(number: int, ports: list[int]) -> dict[str, ConfigValue]:
    node, ingress, admin = ports[number * SERVERS : (number + 1) * SERVERS]
    return {
        "cluster-name": "three-nodes",
        "node-name": f"n{number + 1}",
        "auto-provision": number == 0,
        "default-num-partitions": 4,
        "roles": ["worker", "http-ingress", "log-server", "admin", "metadata-server"],
        "use-random-ports": False,
        "bind-port": node,
        "advertised-address": f"http://127.0.0.1:{node}/",
        "ingress": {"bind-address": f"127.0.0.1:{ingress}"},
        "admin": {"bind-address": f"127.0.0.1:{admin}"},
        "metadata-server": {"type": "replicated"},
        "metadata-client": {"addresses": [f"http://127.0.0.1:{ports[0]}/"]},
        "bifrost": {
            "default-provider": "replicated",
            "replicated-loglet": {"default-log-replication": 2},
        },
    }
