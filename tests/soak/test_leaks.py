"""What the soak counts as a leak."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.soak.census import Census
from tests.soak.leaks import Growth, Quiet

STREAM = "restate_proto.http2.stream.ServerStream"
NOTHING = Census(
    tasks=2, files=17, blocks=100_000, native_bytes=2**23, resident_bytes=2**25, objects={}
)
MOMENTS = 6
INVOCATIONS = 1_000


def growth(**per_invocation: float) -> Growth:
    """Return by how much something grows with each invocation, after caches have filled."""
    found = Growth("ngh2")
    for moment in range(MOMENTS):
        grown: dict[str, Any] = {
            name: getattr(NOTHING, name) + round(more * moment * INVOCATIONS)
            for name, more in per_invocation.items()
        }
        warm = 0 if moment == 0 else 50_000
        census = replace(NOTHING, blocks=NOTHING.blocks + warm)
        census = replace(census, **grown)
        found.quiets.append(Quiet(moment * INVOCATIONS, [census, census], NOTHING, 30))
    return found


def with_last(**changes: Any) -> Growth:
    """Replace the last moment."""
    found = growth()
    last = found.quiets[-1]
    found.quiets[-1] = replace(last, workers=[last.workers[0], replace(NOTHING, **changes)])
    return found


def test_caches_that_fill_are_none() -> None:
    assert growth().leaks() == []


@pytest.mark.parametrize(
    "per_invocation",
    [{"blocks": 0.6}, {"native_bytes": 120.0}, {"resident_bytes": 20_000.0}],
    ids=lambda each: next(iter(each)),
)
def test_memory_that_grows(per_invocation: dict[str, float]) -> None:
    assert growth(**per_invocation).leaks()


def test_memory_that_grows_by_little() -> None:
    assert growth(blocks=0.05, native_bytes=5.0, resident_bytes=100.0).leaks() == []


def test_caches_that_fill_late_are_none() -> None:
    found = growth()
    for moment in (4, 5):
        late = replace(NOTHING, blocks=NOTHING.blocks + 50_900)
        found.quiets[moment] = replace(found.quiets[moment], workers=[late] * 2)
    assert found.leaks() == []


def test_a_moment_that_strays_is_none() -> None:
    found = growth()
    found.quiets[3] = replace(found.quiets[3], workers=[replace(NOTHING, blocks=300_000)] * 2)
    assert found.leaks() == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tasks": 3}, "ngh2, worker 1: tasks: 2, then 3"),
        ({"files": 18}, "ngh2, worker 1: file descriptors: 17, then 18"),
        ({"objects": {STREAM: 1}}, f"ngh2, worker 1: 1 {STREAM} when nothing runs"),
    ],
    ids=["tasks", "files", "streams"],
)
def test_one_that_is_left(changes: dict[str, Any], said: str) -> None:
    assert with_last(**changes).leaks() == [said]


def test_a_file_that_the_supervisor_keeps() -> None:
    found = growth()
    found.quiets[-1] = replace(found.quiets[-1], supervisor_files=31)
    assert found.leaks() == ["ngh2, supervisor: file descriptors: 30, then 31"]
