"""The seed of an invocation's random numbers, which Restate derives from the invocation's id."""

from __future__ import annotations

__all__ = ["random_seeds"]

_MASK = 2**64 - 1
_KEYED = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
"""The initial state of SipHash for a key of zeros."""


def random_seeds(invocation_id: bytes, created_at: int) -> tuple[int, int]:
    """Return the two seeds that an invocation may have; no API says which one it is.

    Source: `InvocationId::to_random_seed` and `to_random_seed_with_wal_record_time` in the
    identifiers of restate-server 1.7.

    Args:
        invocation_id: the bytes of its id.
        created_at: when Restate accepted it, in milliseconds since the Unix epoch.

    Returns:
        The usual seed, and the one that it has if the server was started with
        `experimental-enable-unique-random-seeds`.
    """
    # Rust hashes the length of an array before its bytes.
    plain = _siphash_1_3(len(invocation_id).to_bytes(8, "little") + invocation_id)
    high, low = (int.from_bytes(invocation_id[at : at + 8], "big") for at in (8, 16))
    mixed = high ^ _rotated(low, 21) ^ _rotated(created_at, 43)
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & _MASK
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & _MASK
    return plain, mixed ^ (mixed >> 31)


def _siphash_1_3(data: bytes) -> int:
    """Return the hash of Rust's `DefaultHasher`."""
    state = _KEYED
    padding = b"\0" * (7 - len(data) % 8) + bytes([len(data) & 0xFF])
    blocks = data + padding
    for at in range(0, len(blocks), 8):
        block = int.from_bytes(blocks[at : at + 8], "little")
        a, b, c, d = _round(*state[:3], state[3] ^ block)
        state = a ^ block, b, c, d
    a, b, c, d = state
    state = a, b, c ^ 0xFF, d
    for _ in range(3):
        state = _round(*state)
    a, b, c, d = state
    return a ^ b ^ c ^ d


def _round(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    a = (a + b) & _MASK
    b = _rotated(b, 13) ^ a
    c = (c + d) & _MASK
    d = _rotated(d, 16) ^ c
    a = (_rotated(a, 32) + d) & _MASK
    d = _rotated(d, 21) ^ a
    c = (c + b) & _MASK
    b = _rotated(b, 17) ^ c
    return a, b, _rotated(c, 32), d


def _rotated(number: int, bits: int) -> int:
    return (number << bits | number >> (64 - bits)) & _MASK
