"""Three nodes of Restate on this machine, which replicate their data."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

from restate_proto.testing import RestateServer

if TYPE_CHECKING:
    from pathlib import Path

    from restate_proto.testing.config import ConfigValue

__all__ = ["NODES", "kill", "make_nodes"]

NODES = 3
_PORTS = 3
"""What a node listens on: for the other nodes, as ingress, and as admin API."""


def make_nodes(directory: Path) -> list[RestateServer]:
    """The nodes, not started: none is ready before most of them are.

    Args:
        directory: where each keeps its data.
    """
    ports = _free_ports(NODES * _PORTS)
    addresses = [f"http://127.0.0.1:{port}/" for port in ports[::_PORTS]]
    return [
        RestateServer(
            config=_config(number, ports[number * _PORTS :][:_PORTS], addresses),
            directory=directory / f"n{number + 1}",
        )
        for number in range(NODES)
    ]


def kill(node: RestateServer) -> None:
    """End a node with SIGKILL, as a machine that loses its power does."""
    assert node.pid is not None
    os.kill(node.pid, signal.SIGKILL)


def _free_ports(count: int) -> list[int]:
    """Ports that nobody listens on. The nodes have to know each other's before they start."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _config(number: int, ports: list[int], addresses: list[str]) -> dict[str, ConfigValue]:
    """The configuration of one node; docs/cluster.md says what matters of it in production."""
    node, ingress, admin = ports
    return {
        "cluster-name": "ledger",
        "node-name": f"n{number + 1}",
        "roles": ["worker", "http-ingress", "log-server", "admin", "metadata-server"],
        # One node founds the cluster, and the others join it.
        "auto-provision": number == 0,
        # Everything is on two nodes of the three: partitions, and the log below them.
        "default-replication": 2,
        "use-random-ports": False,
        "bind-port": node,
        "advertised-address": addresses[number],
        "ingress": {"bind-address": f"127.0.0.1:{ingress}"},
        "admin": {"bind-address": f"127.0.0.1:{admin}"},
        "metadata-server": {"type": "replicated"},
        "metadata-client": {"addresses": addresses},
        "bifrost": {
            "default-provider": "replicated",
            "replicated-loglet": {"default-log-replication": 2},
        },
    }
