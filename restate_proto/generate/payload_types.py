"""Put lists of content types and message types into the support files of generated code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from restate_proto.codec.payload import BINARY_TYPES, JSON_TYPES, NO_OBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_payload_types"]

_LISTS = {
    "BINARY_TYPES": BINARY_TYPES,
    # The playground of the Restate UI sends JSON as `*/*` if a service has no serde preview.
    "JSON_TYPES": (*JSON_TYPES, "*/*"),
    "NO_OBJECTS": NO_OBJECTS,
}


def with_payload_types(text: str, quote: Callable[[str], str]) -> str:
    """Return a text in which placeholders are replaced by lists, one string on each line.

    Args:
        text: the text, with placeholder lines such as `"THE_JSON_TYPES"`.
        quote: returns the literal of a string.
    """
    for name, strings in _LISTS.items():
        head, line, tail = re.split(f'^([ \\t]*"THE_{name}")', text, maxsplit=1, flags=re.MULTILINE)
        lines = (line.replace(f'"THE_{name}"', quote(string)) for string in strings)
        text = ",\n".join(lines).join((head, tail))
    return text
