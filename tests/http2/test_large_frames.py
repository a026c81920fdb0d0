"""Large DATA frames are found among others, however they are cut, and only where they begin."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.http2.engines.large_frames import LargeFrames

SMALL = 1_024
MAX_FRAME = 65_536
DATA, HEADERS = 0, 1


def frame(length: int, type_: int = DATA, flags: int = 0, stream: int = 1) -> bytes:
    return (
        length.to_bytes(3, "big")
        + bytes((type_, flags))
        + stream.to_bytes(4, "big")
        + bytes(length)
    )


def portions(frames: LargeFrames, reads: list[bytes]) -> list[tuple[int, int]]:
    """Where the portions of some reads begin and end, counted from the first byte of all."""
    found: list[tuple[int, int]] = []
    received = 0
    for data in reads:
        start = 0
        while start < len(data):
            end = frames.portion(memoryview(data), start, received)
            assert start < end <= len(data)
            found.append((received, received + end - start))
            received += end - start
            start = end
    return found


def large_frames() -> LargeFrames:
    return LargeFrames(SMALL, MAX_FRAME)


@pytest.mark.parametrize("length", [SMALL, 16_384, MAX_FRAME])
def test_a_large_frame_is_one_portion(length: int) -> None:
    size = 9 + length
    assert portions(large_frames(), [3 * frame(length)]) == [
        (0, size),
        (size, 2 * size),
        (2 * size, 3 * size),
    ]


def test_small_frames_before_a_large_one_are_portions_of_their_own() -> None:
    small = frame(50, HEADERS) + frame(30) + frame(0)
    data = 20 * small + frame(40_000)
    *first, last = portions(large_frames(), [data])
    assert last == (20 * len(small), len(data))
    assert all(end - start <= 2 * SMALL for start, end in first)


@given(st.lists(st.integers(1, 4 * 16_393), max_size=12))
def test_large_frames_are_followed_through_reads_of_any_size(cuts: list[int]) -> None:
    data = 4 * frame(16_384)
    edges = sorted({0, *cuts, len(data)})
    reads = [data[start:end] for start, end in pairwise(edges)]
    found = portions(large_frames(), reads)
    most = 4 + 2 * len(reads)  # a portion ends where a frame or a read ends, and before a cut head
    assert len(found) <= most


@pytest.mark.parametrize(
    "head",
    [
        frame(16_384, HEADERS),
        frame(16_384, flags=4),
        frame(16_384, stream=0),
        frame(16_384, stream=2**31),
        frame(MAX_FRAME + 1),
    ],
    ids=["type", "flags", "no-stream", "reserved-bit", "too-long"],
)
def test_what_is_no_large_data_frame_comes_in_small_portions(head: bytes) -> None:
    assert portions(large_frames(), [head])[0] == (0, SMALL)


def test_small_frames_come_in_small_portions() -> None:
    found = portions(large_frames(), [1_000 * frame(20), 30 * frame(20)])
    assert all(end - start <= SMALL + 29 for start, end in found)


def test_after_a_wrong_guess_all_portions_are_small() -> None:
    frames = large_frames()
    frames.guessed_wrong = True
    assert portions(frames, [frame(16_384)])[0] == (0, SMALL)
