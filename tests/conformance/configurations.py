"""The configurations of Restate in which the cases run.

`make test` uses the one that replays handlers most often; `make conformance` uses all. The
environment variable CONFORMANCE selects others: their names, separated by commas, or `all`.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto.testing import RestateServer
from restate_proto.testing.config import merge
from tests.conformance.cluster import cluster

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from restate_proto.testing.config import ConfigValue

__all__ = ["ALL", "CHOSEN", "Configuration"]


@dataclass(frozen=True)
class Configuration:
    """How a server is set up.

    Args:
        name: what it is called.
        suspends: whether it suspends an invocation at every wait.
        v7: whether it talks service protocol v7 instead of v6.
        is_cluster: whether it is one of three nodes.
        config: what else its configuration file has.
    """

    name: str
    suspends: bool = False
    v7: bool = False
    is_cluster: bool = False
    config: Mapping[str, ConfigValue] = field(default_factory=dict[str, "ConfigValue"])

    def __str__(self) -> str:
        return self.name

    @contextmanager
    def nodes(
        self,
        *,
        config: Mapping[str, ConfigValue] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Generator[list[RestateServer]]:
        """Run Restate in this configuration, with more in its configuration file or environment.

        Yields:
            Its nodes: one, or those of a cluster.
        """

        def make(more: Mapping[str, ConfigValue]) -> RestateServer:
            return RestateServer(
                protocol_v7=self.v7,
                inactivity_timeout=timedelta(0) if self.suspends else None,
                retry_interval=timedelta(milliseconds=5),
                config=merge(merge(self.config, config or {}), more),
                env=environ,
            )

        if self.is_cluster:
            with cluster(make) as nodes:
                yield nodes
        else:
            with make({}) as server:
                yield [server]


_LAZY: Mapping[str, ConfigValue] = {"worker": {"invoker": {"disable-eager-state": True}}}
_ONE_THREAD: Mapping[str, ConfigValue] = {
    "default-num-partitions": 1,
    "default-thread-pool-size": 1,
}
_PERSISTED_TIMERS: Mapping[str, ConfigValue] = {"worker": {"num-timers-in-memory-limit": 1}}

ALL = (
    Configuration("default"),
    Configuration("always-suspending", suspends=True),
    Configuration("lazy-state", config=_LAZY),
    Configuration("lazy-state-always-suspending", suspends=True, config=_LAZY),
    Configuration("one-thread-one-partition", config=_ONE_THREAD),
    Configuration("persisted-timers", config=_PERSISTED_TIMERS),
    Configuration("three-nodes", is_cluster=True),
    Configuration("three-nodes-always-suspending", suspends=True, is_cluster=True),
    Configuration("v7", v7=True),
    Configuration("v7-always-suspending", suspends=True, v7=True),
)


def _chosen() -> tuple[Configuration, ...]:
    names = os.environ.get("CONFORMANCE", "always-suspending")
    if names == "all":
        return ALL
    by_name = {each.name: each for each in ALL}
    return tuple(by_name[name] for name in names.split(","))


CHOSEN = _chosen()
"""The configurations of this session."""
