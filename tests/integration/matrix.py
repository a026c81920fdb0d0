"""The matrix: every test that asks for a `world` runs in each of its combinations.

Two servers serve the session: one suspends an invocation a minute after its last progress, the
other one at every wait. Both speak service protocol v7 when they may, and v5 and v6 when the
endpoint's manifest goes no further, so that a version needs no server of its own.

A combination is a new endpoint, registered over the one before as a new revision of the same
services; pytest runs all tests of one combination before the next. Versions, encodings and servers
are crossed in full, for each of them changes what is written and when. The HTTP/2 engine is below
all that and sees none of it: each engine meets every value of every other dimension, and half of
the full product is left out. Request-response mode is what the suspending server does, only by the
endpoint's choice: two combinations of opposite values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto import Encoding
from tests.integration.conformance_messages import MESSAGES
from tests.integration.world import Combination

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MATRIX", "combinations"]

_BINARY, _JSON = Encoding.PROTOBUF, Encoding.JSON

_FULL = (
    Combination(5, _BINARY, "h2"),
    Combination(5, _JSON, "ngh2"),
    Combination(6, _BINARY, "ngh2"),
    Combination(6, _JSON, "h2"),
    Combination(7, _BINARY, "h2"),
    Combination(7, _JSON, "ngh2"),
    Combination(5, _JSON, "h2", bidirectional=False),
    Combination(7, _BINARY, "ngh2", bidirectional=False),
    Combination(5, _BINARY, "ngh2", suspends=True),
    Combination(5, _JSON, "h2", suspends=True),
    Combination(6, _BINARY, "h2", suspends=True),
    Combination(6, _JSON, "ngh2", suspends=True),
    Combination(7, _BINARY, "ngh2", suspends=True),
    Combination(7, _JSON, "h2", suspends=True),
)

# A message library does not know the protocol. What it meets is both encodings, and replays.
_REDUCED = (
    Combination(6, _BINARY, "h2", suspends=True),
    Combination(6, _JSON, "h2"),
)
MATRIX = _FULL if MESSAGES == "protobuf" else _REDUCED


def combinations(choose: Callable[[Combination], bool]) -> pytest.MarkDecorator:
    """Some of the matrix, for a test that is slow and has nothing to find in the others."""
    chosen = [it for it in MATRIX if choose(it)] or [next(filter(choose, _FULL))]
    return pytest.mark.parametrize("session_world", chosen, ids=str, indirect=True, scope="session")
