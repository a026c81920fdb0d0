"""Random programs that use everything handlers can do, on objects in three layers.

Only the effect counts: each increment of a counter, however it is requested, happens once. The
programs come from a seed, so that they are the same in every session.
"""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.suite import unique, until

if TYPE_CHECKING:
    from tests.conformance.suite import Suite

SET_STATE, GET_STATE, CLEAR_STATE, INCREMENT, INCREMENT_INDIRECTLY, SLEEP = range(1, 7)
CALL_SERVICE, CALL_SLOW_SERVICE, INCREMENT_BY_DELAYED_CALL = range(7, 10)
SIDE_EFFECT, THROWING_SIDE_EFFECT, SLOW_SIDE_EFFECT = range(10, 13)
RECOVER_CALL, RECOVER_CALL_MAYBE_UNAWAITED, AWAIT_PROMISE = range(13, 16)
RESOLVE_AWAKEABLE, REJECT_AWAKEABLE, INCREMENT_BY_AWAKEABLE, CALL_OBJECT = range(16, 20)

LAYERS = 3
KEYS = 2
"""How many objects a layer has."""
INCREMENTS = {
    INCREMENT,
    INCREMENT_INDIRECTLY,
    INCREMENT_BY_DELAYED_CALL,
    INCREMENT_BY_AWAKEABLE,
}
AWAITED = {
    CALL_SERVICE,
    CALL_SLOW_SERVICE,
    RECOVER_CALL_MAYBE_UNAWAITED,
    RESOLVE_AWAKEABLE,
    REJECT_AWAKEABLE,
    CALL_OBJECT,
}
"""What has a result that an AWAIT_PROMISE can wait for."""
UNFINISHED = (
    "SELECT id FROM sys_invocation WHERE status <> 'completed' AND (target_service_name LIKE"
    " 'ObjectInterpreter%' OR target_service_name = 'ServiceInterpreterHelper')"
)


class Programs:
    """Makes programs.

    Args:
        seed: what they come from.
        offset: what the keys of objects begin with.

    Attributes:
        counts: how often they increment the counter of each object, by layer and key.
    """

    def __init__(self, seed: int, offset: int) -> None:
        self._random = random.Random(seed)
        self._offset = offset
        self.counts: Counter[tuple[int, str]] = Counter()

    def key(self) -> int:
        """The key of an object."""
        return self._offset + self._random.randrange(KEYS)

    def program(self, layer: int, key: str) -> dict[str, Any]:
        """A program for an object."""
        commands: list[dict[str, Any]] = []
        waiting: list[int] = []
        for place in range(self._random.randrange(1, 12 >> layer)):
            if waiting and self._random.random() < 0.3:
                index = waiting.pop(self._random.randrange(len(waiting)))
                commands.append({"kind": AWAIT_PROMISE, "index": index})
                continue
            command = self._command(layer, key)
            commands.append(command)
            if command["kind"] in AWAITED:
                waiting.append(place)
        # Whoever calls objects waits for them, so that the counts are complete at the end.
        commands += [
            {"kind": AWAIT_PROMISE, "index": index}
            for index in waiting
            if commands[index]["kind"] == CALL_OBJECT
        ]
        return {"commands": commands}

    def _command(self, layer: int, key: str) -> dict[str, Any]:
        kinds = [*range(SET_STATE, AWAIT_PROMISE), *range(RESOLVE_AWAKEABLE, CALL_OBJECT)]
        if layer < LAYERS - 1:
            kinds += [CALL_OBJECT] * 4
        kind = self._random.choice(kinds)
        if kind in INCREMENTS:
            self.counts[layer, key] += 1
        match kind:
            case 1 | 2 | 3:  # state
                return {"kind": kind, "key": self._random.randrange(3)}
            case 6 | 9:  # SLEEP, INCREMENT_BY_DELAYED_CALL
                return {"kind": kind, "duration": self._random.randrange(20)}
            case 8:  # CALL_SLOW_SERVICE
                return {"kind": kind, "sleep": self._random.randrange(20)}
            case 19:  # CALL_OBJECT
                other = self.key()
                return {"kind": kind, "key": other, "program": self.program(layer + 1, str(other))}
            case _:
                return {"kind": kind}


@pytest.mark.parametrize("seed", range(3))
def test_increments_happen_once(suite: Suite, seed: int) -> None:
    offset = int(unique()[:6], 16) * KEYS
    programs = Programs(seed, offset)
    asked = [(key := str(programs.key()), programs.program(0, key)) for _ in range(20)]
    invocations = [
        suite.object("ObjectInterpreterL0", key).send("interpret", program)
        for key, program in asked
    ]
    for invocation in invocations:
        assert invocation.attach() == {}
    assert {layer for layer, _ in programs.counts} == set(range(LAYERS))
    counters = {
        (layer, key): suite.object(f"ObjectInterpreterL{layer}", key)
        for layer, key in programs.counts
    }

    def counts() -> dict[tuple[int, str], int]:
        return {place: counter.call("counter") for place, counter in counters.items()}

    until(lambda: counts() == programs.counts)
    until(lambda: not suite.query(UNFINISHED))
    assert counts() == programs.counts  # and no more came after that
