"""Find the codec of a Python type; this is where message libraries are listed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.codec.plain import PLAIN_CODECS

if TYPE_CHECKING:
    from restate_proto.model.codec import Codec

__all__ = ["codec_for"]

M = TypeVar("M")

# By the base class of a library's messages: the module and the function that makes the codec of a
# message class. To support another library, write a module and add a line here. The module is
# imported when the first class of that library is seen, so that programs only import the libraries
# they use.
_LIBRARIES = {
    "google.protobuf.message.Message": ("restate_proto.codec.google", "google_codec"),
    "betterproto.Message": ("restate_proto.codec.betterproto", "betterproto_codec"),
    "betterproto2.Message": ("restate_proto.codec.betterproto2", "betterproto2_codec"),
}

_codecs: dict[type, Codec[Any]] = dict(PLAIN_CODECS)


def codec_for(type_: type[M]) -> Codec[M]:
    """Return the codec of a message class, or of None, bool, int, float, str, list, dict, bytes.

    Args:
        type_: the class.

    Returns:
        Its codec; the same object each time.

    Raises:
        TypeError: there is no codec for such a type.
    """
    try:
        return _codecs[type_]
    except (KeyError, TypeError):  # not seen yet, or not hashable
        pass
    return _codecs.setdefault(type_, _find(type_))


def _find(type_: Any) -> Codec[Any]:
    if type_ is None:
        return PLAIN_CODECS[type(None)]
    # Users also pass things that are not types: instances, strings, list[int].
    for base in getattr(type_, "__mro__", ()) if isinstance(type_, type) else ():
        found = _LIBRARIES.get(f"{base.__module__}.{base.__qualname__}")
        if found is not None:
            module, function = found
            return getattr(importlib.import_module(module), function)(type_)
    raise TypeError(
        f"no codec for {type_!r}: expected a protobuf message class, or one of "
        f"{', '.join(plain.__name__ for plain in PLAIN_CODECS)} (without type parameters)"
    )
