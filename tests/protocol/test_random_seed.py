"""The seeds of random numbers, as restate-server sent them in start messages."""

from __future__ import annotations

from datetime import UTC, datetime

from restate_proto.protocol.ids import invocation_id_bytes
from restate_proto.protocol.random_seed import random_seeds


def test_the_seed_that_invocations_have() -> None:
    id_ = invocation_id_bytes("inv_115oNPF1D1aq6oC6IO1JxB3IPgUoIb9G7h")
    assert random_seeds(id_, 0)[0] == 3905915258151637096
    id_ = invocation_id_bytes("inv_19OCZl9iq7UU5QIv7qxqRPcMc7Lgfhmjjr")
    assert random_seeds(id_, 0)[0] == 6632123164447335091


def test_the_seed_of_a_server_with_unique_ones() -> None:
    id_ = invocation_id_bytes("inv_115oNPF1D1aq7g3VeOrs9684eLkOFzajDZ")
    created = datetime(2026, 11, 30, 3, 17, 52, 256_000, UTC)
    milliseconds = round(created.timestamp() * 1000)
    assert random_seeds(id_, milliseconds)[1] == 17269613971736458062
