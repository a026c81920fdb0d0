"""The configuration of a restate-server that serves tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

from restate_proto.model.arguments import DURATION

__all__ = ["ConfigValue", "merge", "server_config", "server_environ"]

ConfigValue: TypeAlias = (
    "str | int | float | bool | Sequence[ConfigValue] | Mapping[str, ConfigValue]"
)
"""A value of the configuration; a mapping is a TOML table."""


def _duration(value: timedelta) -> str:
    """Return a duration as restate-server's configuration writes it, in whole milliseconds."""
    if not isinstance(value, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise TypeError(f"RestateServer: {value!r} must be {DURATION}")
    if value < timedelta(0):
        raise ValueError(f"{value!r}: a duration must not be negative")
    return f"{value // timedelta(milliseconds=1)}ms"


def merge(
    base: Mapping[str, ConfigValue], changes: Mapping[str, ConfigValue]
) -> dict[str, ConfigValue]:
    """Return the base with the changes applied, table by table."""
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = merge(below, value)
        else:
            merged[key] = value
    return merged


def server_environ(
    inherited: Mapping[str, str], extra: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the environment for the server, without inherited variables that configure it.

    restate-server reads every variable `RESTATE_*` as configuration and `RUST_LOG` as its log
    filter; neither may leak from a developer's shell into a test.
    """
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith("RESTATE_") and name != "RUST_LOG"
    }
    return kept | dict(extra or {})


def server_config(
    base_dir: str,
    *,
    ports: Mapping[str, int] | None = None,
    inactivity_timeout: timedelta | None = None,
    retry_interval: timedelta | None = None,
) -> dict[str, ConfigValue]:
    """Return the configuration of a single node for tests, on 127.0.0.1 alone.

    Args:
        base_dir: the directory for the server's data.
        ports: the ports that a restarted server had before (`fabric`, `ingress`, `admin`), to use
            again; None lets the system choose free ports.
        inactivity_timeout: see `RestateServer`.
        retry_interval: see `RestateServer`.
    """
    config: dict[str, ConfigValue] = {
        "base-dir": base_dir,
        "node-name": "n1",
        "bind-ip": "127.0.0.1",
        "listen-mode": "tcp",
        "disable-telemetry": True,
        "log-format": "compact",
        "log-disable-ansi-codes": True,
        # Fewer partitions and less memory than in production start faster.
        "default-num-partitions": 4,
        "rocksdb-total-memory-size": "512 MiB",
        "admin": {"disable-web-ui": True},
    }
    if ports is None:
        config["use-random-ports"] = True
    else:
        config["bind-port"] = ports["fabric"]
        for service in ("ingress", "admin"):
            address = f"127.0.0.1:{ports[service]}"
            config = merge(config, {service: {"bind-address": address}})
    if inactivity_timeout is not None:
        timeout = _duration(inactivity_timeout)
        config = merge(config, {"worker": {"invoker": {"inactivity-timeout": timeout}}})
    if retry_interval is not None:
        policy: dict[str, ConfigValue] = {
            "initial-interval": _duration(retry_interval),
            "max-interval": _duration(max(retry_interval, timedelta(seconds=1))),
        }
        config["default-retry-policy"] = policy
    return config
