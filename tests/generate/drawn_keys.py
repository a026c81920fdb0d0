"""Draw keys, and texts that may not be keys: other languages must accept the same as Python."""

from __future__ import annotations

import random

from restate_proto.model.key_format import KeyField, KeyText, KeyType

__all__ = ["drawn_keys", "read", "written"]

_FORMAT = KeyText(
    "",
    [
        KeyField("class", KeyType.STRING, "/{"),
        KeyField("kind", KeyType.ENUM, "}/"),
        KeyField("appId", KeyType.INT64),
    ],
)
_PIECES = ("a", "/", "{", "/{", "}", "}/", "-", "0", "7", "é", " ", "")


def drawn_keys() -> tuple[list[tuple[str, int, int]], list[str]]:
    """Return keys of the golden contract `keys`, and texts that Python may read as keys.

    In some keys a string holds the text that ends it, and some texts are not quite a key.
    """
    draw = random.Random(7)
    keys: list[tuple[str, int, int]] = []
    for _ in range(200):
        text = "".join(draw.choices(_PIECES, k=3))
        number = draw.choice((0, 5, -1, 2**53 + 1, 2**63 - 1, -(2**63)))
        keys.append((text, draw.choice((0, 1, -3, 2**31 - 1)), number))
    texts = ["".join(draw.choices(_PIECES, k=6)) for _ in range(200)]
    texts += [
        f"a/{{{kind}}}/{draw.choice(_PIECES)}" for kind in ("1", "01", "-0", "+1", "2147483648")
    ]
    texts += [text for key in keys if (text := written(key)) is not None]
    return keys, texts


def written(key: tuple[str, int, int]) -> str | None:
    """Return the text that Python writes for a key; None if it refuses the key."""
    try:
        return _FORMAT.write(key)
    except ValueError:
        return None


def read(text: str) -> tuple[str | int | bool, ...] | None:
    """Return the key that Python reads in a text; None if the text is not a key."""
    try:
        return _FORMAT.read(text)
    except ValueError:
        return None
