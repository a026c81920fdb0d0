"""Convert JSON text to Python values and back, more strictly than Python's `json` does."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from math import copysign
from typing import TYPE_CHECKING, Any, NoReturn, cast

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["JsonError", "dumps", "is_nested", "loads", "without_fraction"]


class JsonError(ValueError):
    """The text is not JSON, or the value has no JSON form; the message says why."""


def loads(data: bytes, *, proto: bool = False) -> Any:
    """Parse JSON text.

    Args:
        data: the text in UTF-8.
        proto: whether the text is ProtoJSON, whose numbers may be floats of 32 or 64 bits. Then
            `-0` keeps its sign, and a number that rounds to the largest 32-bit float becomes an
            int, because json_format refuses it as a float.

    Returns:
        The value, made of None, bool, int, float, str, list and dict.

    Raises:
        JsonError: it is not JSON, nests too deeply, repeats a key, or contains `NaN` or `Infinity`
            (which Python's `json` accepts and other languages do not).
    """
    decode = _decode_proto if proto and _has_odd_numbers(data) else _decode
    try:
        return decode(data.decode())
    except RecursionError:
        # The cause is dropped, because its traceback is as deep as the text.
        raise JsonError("nested too deeply") from None
    except UnicodeDecodeError as error:
        raise JsonError(f"not UTF-8 at byte {error.start}") from error
    except JsonError:
        raise
    except ValueError as error:  # a JSONDecodeError, or an integer of too many digits
        raise JsonError(str(error)) from error


def dumps(value: Any, *, proto: bool = False) -> bytes:
    """Write JSON text: compact, with sorted keys, in UTF-8; equal values give the same text.

    Args:
        value: what `loads` can return.
        proto: whether to write ProtoJSON, in which whole numbers have no fraction (`34`, not
            `34.0`), as Go, C++ and JavaScript write them. The value is changed in place then.

    Returns:
        The text in UTF-8.

    Raises:
        JsonError: the value nests too deeply, contains itself, or has a part without a JSON form.
    """
    try:
        return _encode(_without_fractions(value) if proto else value).encode()
    except RecursionError:
        raise JsonError("nested too deeply") from None
    except UnicodeEncodeError as error:
        raise JsonError("a string has half of a surrogate pair") from error
    except (TypeError, ValueError) as error:
        raise JsonError(str(error)) from error


def is_nested(data: bytes, levels: int) -> bool:
    """Tell whether lists and objects are nested more deeply than allowed.

    Args:
        data: JSON text.
        levels: how many levels are allowed.
    """
    brackets = _STRINGS.sub(b"", data).translate(None, _NO_BRACKETS)
    while levels and brackets:
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")  # the innermost level
        levels -= 1
    return bool(brackets)


def without_fraction(value: float) -> float:
    """Return a number of ProtoJSON, which is an int if it is whole."""
    # -0.0 would lose its sign, and from 1e21 on JavaScript also writes an exponent.
    is_whole = value.is_integer() and abs(value) < 1e21 and (value or copysign(1, value) > 0)
    return int(value) if is_whole else value


def _no_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise JsonError(f"the key {key[:100]!r} is there twice")
            seen.add(key)
    return result


def _has_odd_numbers(data: bytes) -> bool:
    return b"3.402823" in data or _NEGATIVE_ZERO.search(data) is not None


def _proto_int(text: str) -> int | float:
    return -0.0 if text == "-0" else int(text)


def _proto_float(text: str) -> int | float:
    value = float(text)
    return int(value) if _LARGEST_FLOAT < abs(value) < _ROUNDED_TO_INFINITY else value


def _without_fractions(value: Any) -> Any:
    if type(value) is float:
        return without_fraction(value)
    if isinstance(value, dict):
        _change_parts(value, cast("dict[Any, Any]", value).items())
    elif isinstance(value, list):
        _change_parts(value, enumerate(cast("list[Any]", value)))
    return cast("Any", value)


def _change_parts(value: Any, parts: Iterable[tuple[Any, Any]]) -> None:
    for key, part in parts:
        if type(part) in _CHANGEABLE:
            value[key] = _without_fractions(part)


_CHANGEABLE = frozenset((float, dict, list, OrderedDict))  # json_format uses the last for Any
_NEGATIVE_ZERO = re.compile(rb"-0(?![.\w])")
_STRINGS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_LARGEST_FLOAT = 2.0**128 - 2.0**104
_ROUNDED_TO_INFINITY = 2.0**128 - 2.0**103

_decode = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=_no_constant).decode
_decode_proto = json.JSONDecoder(
    object_pairs_hook=_unique_keys,
    parse_constant=_no_constant,
    parse_int=_proto_int,
    parse_float=_proto_float,
).decode
_encode = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
).encode
