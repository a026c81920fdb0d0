"""How proto names become names of methods and constants on the JVM."""

from __future__ import annotations

import re

__all__ = ["JAVA_KEYWORDS", "OBJECT_METHODS", "lower_camel_case", "unique_method_name"]

JAVA_KEYWORDS = frozenset(
    """
    _ abstract assert boolean break byte case catch char class const continue default do double else
    enum extends false final finally float for goto if implements import instanceof int interface
    long native new null package private protected public return short static strictfp super switch
    synchronized this throw throws transient true try void volatile while
    """.split()  # noqa: SIM905 - a table of words reads better
)
"""What no Java name may be."""

OBJECT_METHODS = frozenset(
    """
    clone equals finalize getClass hashCode notify notifyAll toString wait
    """.split()  # noqa: SIM905 - a table of words reads better
)
"""Methods that every class has, so that a method without parameters cannot be called so."""


def lower_camel_case(name: str) -> str:
    """Turns the proto name of a method into a JVM one as gRPC does: `Get_HTTPStatus` to `getHTTPStatus`."""
    return name[:1].lower() + re.sub("_+(.?)", lambda match: match[1].upper(), name[1:])


def unique_method_name(name: str, taken: frozenset[str] | set[str]) -> str:
    """Returns the name with as many trailing `_` as it takes for it not to be one of `taken`."""
    while name in taken:
        name += "_"
    return name
