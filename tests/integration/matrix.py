"""The matrix: every test that asks for a `world` runs in each of its combinations.

Two servers serve the session: one suspends an invocation a minute after its last progress, the
other one at every wait. Both speak service protocol v7 when they may, and v5 and v6 when the
endpoint's manifest goes no further, so that a version needs no server of its own.

A combination is a new endpoint, registered over the one before as a new revision of the same
services; pytest runs all tests of one combination before the next. Each value of a dimension meets
each value of every other one: versions, encodings, servers and HTTP/2 engines. All products of them
would find nothing more: a version changes frames, in which payloads of any encoding are bytes; the
engine is below both; and the state machine's own tests cross versions with all that is written.
Request-response mode is what the suspending server does, only by the endpoint's choice: two
combinations of opposite values.
"""

from __future__ import annotations

import os
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
    Combination(5, _JSON, "ngh2"),
    Combination(6, _BINARY, "ngh2"),
    Combination(7, _JSON, "h2"),
    Combination(5, _JSON, "h2", bidirectional=False),
    Combination(7, _BINARY, "ngh2", bidirectional=False),
    Combination(5, _BINARY, "h2", suspends=True),
    Combination(6, _JSON, "h2", suspends=True),
    Combination(7, _BINARY, "ngh2", suspends=True),
)

# Opposite values, for what does not know the protocol: other message libraries, and other versions
# of dependencies, with which `make test-lowest` runs all tests once more.
_REDUCED = (
    Combination(6, _JSON, "h2"),
    Combination(7, _BINARY, "ngh2", suspends=True),
)
_is_reduced = MESSAGES != "protobuf" or os.environ.get("MATRIX") == "reduced"
MATRIX = _REDUCED if _is_reduced else _FULL


def combinations(choose: Callable[[Combination], bool]) -> pytest.MarkDecorator:
    """Return some of the matrix, for a slow test that gains nothing from the others."""
    chosen = [it for it in MATRIX if choose(it)] or [next(filter(choose, _FULL))]
    return pytest.mark.parametrize("session_world", chosen, ids=str, indirect=True, scope="session")
