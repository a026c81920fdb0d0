"""Queries in SQL, and the version of a state; `tests/cli` runs the other queries on a real server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from restate_proto.ingress.introspection import InvocationFilter, KeyState
from restate_proto.ingress.introspection.sql import read_time


def test_a_filter() -> None:
    assert InvocationFilter().condition() == "true"
    wanted = InvocationFilter(
        services=["shop.v1.Cart", "shop.v1.Ticket"],
        keys=["it's 'quoted'"],
        statuses=["paused"],
        older_than=timedelta(minutes=1, milliseconds=5),
    )
    assert wanted.condition() == (
        "target_service_name IN ('shop.v1.Cart', 'shop.v1.Ticket')"
        " AND target_service_key IN ('it''s ''quoted''')"
        " AND status IN ('paused')"
        " AND created_at <= now() - INTERVAL '60.005 seconds'"
    )


def test_times() -> None:
    noon = datetime(2026, 11, 29, 12, 0, 0, 650_000, tzinfo=UTC)
    assert read_time("2026-11-29T12:00:00.650Z") == noon
    assert read_time("2026-11-29T12:00:00.650000701") == noon


def test_versions_of_a_state() -> None:
    """The versions are those of the server's own tests."""
    assert KeyState({}).version == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    state = KeyState({"b": b"bbb", "a": b"aaa"})
    assert state.version == "RVM17P6x18Wp-JnzQ01BzmqCvhAunTOQI_az6Px3Zyk"
