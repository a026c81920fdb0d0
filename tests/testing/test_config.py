from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from restate_proto.testing import restate_environment
from restate_proto.testing.config import merge, server_config, server_environ


def test_merge_goes_into_tables_and_replaces_values() -> None:
    base = {"a": {"x": 1, "y": {"z": 2}}, "b": 3, "c": {"d": 4}}

    merged = merge(base, {"a": {"y": {"w": 5}, "x": 6}, "b": {"e": 7}, "c": 8})

    assert merged == {"a": {"x": 6, "y": {"z": 2, "w": 5}}, "b": {"e": 7}, "c": 8}
    assert base == {"a": {"x": 1, "y": {"z": 2}}, "b": 3, "c": {"d": 4}}


def test_what_configures_a_server_is_not_inherited() -> None:
    inherited = {
        "HOME": "/home/me",
        "RUST_LOG": "off",
        "RESTATE_SERVER": "/opt/restate-server",
        "RESTATE_ADMIN__BIND_ADDRESS": "0.0.0.0:9070",
    }

    assert server_environ(inherited, {"RESTATE_X": "1"}) == {"HOME": "/home/me", "RESTATE_X": "1"}


def test_the_system_chooses_the_ports_of_a_first_start() -> None:
    config = server_config("/data")

    assert config["use-random-ports"] is True
    assert config["bind-ip"] == "127.0.0.1"


def test_a_restart_takes_the_same_ports() -> None:
    config = server_config("/data", ports={"fabric": 1, "ingress": 2, "admin": 3})

    assert "use-random-ports" not in config
    assert config["bind-port"] == 1
    assert config["ingress"] == {"bind-address": "127.0.0.1:2"}
    assert config["admin"] == {"bind-address": "127.0.0.1:3", "disable-web-ui": True}


def test_durations_are_whole_milliseconds() -> None:
    config = server_config(
        "/data", inactivity_timeout=timedelta(0), retry_interval=timedelta(seconds=1.5)
    )

    assert config["worker"] == {"invoker": {"inactivity-timeout": "0ms"}}
    assert config["default-retry-policy"] == {
        "initial-interval": "1500ms",
        "max-interval": "1500ms",
    }


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        server_config("/data", inactivity_timeout=timedelta(seconds=-1))


def test_a_duration_is_a_timedelta() -> None:
    wrong: Any = 0
    with pytest.raises(TypeError, match="0 must be a timedelta"):
        server_config("/data", inactivity_timeout=wrong)


def test_an_environment_is_of_an_endpoint() -> None:
    wrong: Any = object()

    async def scenario() -> None:
        async with restate_environment(wrong):
            pytest.fail("there is no endpoint")

    with pytest.raises(TypeError, match=r"must be an Endpoint, such as Endpoint\(Cart\(\)\)"):
        asyncio.run(scenario())
