"""Random handlers on both state machines: a few with each run of the tests, `make differential` plays more."""

from __future__ import annotations

import os
from random import Random

import pytest

pytest.importorskip("restate", reason="the official SDK is not installed")

from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.differential.course import Difference, Pair
from tests.differential.play import play
from tests.protocol.case import frame, start, value

HANDLERS = int(os.environ.get("RESTATE_PROTO_DIFFERENTIAL_HANDLERS", "400"))


def test_both_do_the_same() -> None:
    counts = play(range(HANDLERS))
    assert counts["handlers"] == counts["damaged requests"] == HANDLERS
    assert counts["replays"] > 3 * HANDLERS
    assert counts["changes found"] > HANDLERS / 2


def begun(version: int = 6) -> Pair:
    pair = Pair(version, Random(0))
    entries = [start(1, partial_state=False), pb.InputCommandMessage(value=value(b"in"))]
    pair.feed(b"".join(map(frame, entries)))
    pair.do("input", lambda side: side.begin())
    return pair


def test_a_difference_is_found() -> None:
    pair = begun()
    pair.official.handles.append(0)
    with pytest.raises(Difference, match="set: ours writes"):
        pair.do("set", lambda side: side.set("key", b"a" if side is pair.ours else b"b"))
    with pytest.raises(Difference, match="same: ours gives 1, the official one 2"):
        pair.do("same", lambda side: len(side.handles) + 1)
