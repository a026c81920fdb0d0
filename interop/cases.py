"""The values that every caller sends to every callee."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from google.protobuf.message import Message

_INT32, _INT64 = 2**31 - 1, 2**63 - 1
_UINT32, _UINT64 = 2**32 - 1, 2**64 - 1
_FLOAT_MAX, _FLOAT_TINY = 2.0**128 - 2.0**104, 2.0**-149
_DOUBLE_MAX, _DOUBLE_TINY = 1.7976931348623157e308, 5e-324

# Astral, combining, right to left, a NUL, what JSON and JavaScript escape, and noncharacters.
_ODD_TEXT = (
    'a\0b "quoted" \\ / \x7f \u2028\u2029 e\u0301 \u05d0\ufeff \U0001f47d\U0010ffff </script>'
)


def value_cases(values_class: type[Message]) -> dict[str, Any]:
    """Return the cases by name.

    Args:
        values_class: the class of polyglot.values.v1.Values.

    Returns:
        A message for each case.
    """
    makers = (
        *(_nothing, _largest, _largest_float, _smallest, _odd_floats, _zeros, _texts, _nests),
        _unknown_enums,
    )
    return {maker.__name__[1:]: maker(values_class) for maker in makers}


def _nothing(values: Any) -> Any:
    return values()


def _largest(values: Any) -> Any:
    v = values(
        **_scalars(_INT32, _INT64, _UINT32, _UINT64),
        double_value=_DOUBLE_MAX,
        float_value=2.0**127,
        bool_value=True,
        bytes_value=bytes(range(256)),
        numbers=[_INT64, 0, -_INT64 - 1],
        doubles=[_DOUBLE_MAX, _DOUBLE_TINY, 0.1],
        blobs=[b"", b"\0", b"\xff" * 3],
        number_choice=_INT64,
        maybe_int32=_INT32,
        maybe_uint64=_UINT64,
        maybe_double=_DOUBLE_MAX,
        maybe_bool=True,
        maybe_bytes=b"\xff",
        wrapped_double={"value": _DOUBLE_MAX},
        wrapped_float={"value": -(2.0**127)},
        wrapped_int64={"value": _INT64},
        wrapped_uint64={"value": _UINT64},
        wrapped_int32={"value": _INT32},
        wrapped_uint32={"value": _UINT32},
        wrapped_bool={"value": True},
        wrapped_string={"value": "text"},
        wrapped_bytes={"value": b"\xfb\xef\xbe"},  # differs between the two alphabets of base64
        timestamp={"seconds": 253402300799, "nanos": 999999999},  # the end of the year 9999
        duration={"seconds": 315576000000, "nanos": 999999999},
        last="the largest field number",
    )
    v.text_by_number[_INT64] = "largest"
    v.text_by_number[-_INT64 - 1] = "smallest"
    v.color_by_id[_UINT64] = 2
    return v


def _largest_float(values: Any) -> Any:
    """Return the largest float, whose shortest decimal, 3.4028235e38, is a larger double."""
    return values(float_value=_FLOAT_MAX, wrapped_float={"value": -_FLOAT_MAX})


def _smallest(values: Any) -> Any:
    v = values(
        **_scalars(-_INT32 - 1, -_INT64 - 1, 0, 0),
        double_value=-_DOUBLE_MAX,
        float_value=_FLOAT_TINY,
        color=-1,
        doubles=[_DOUBLE_TINY, -_DOUBLE_TINY, 2.0**53 + 2, 1e21, 1e-7],
        maybe_int32=-_INT32 - 1,
        wrapped_int64={"value": -_INT64 - 1},
        wrapped_int32={"value": -_INT32 - 1},
        wrapped_float={"value": -_FLOAT_TINY},
        timestamp={"seconds": -62135596800},  # the beginning of the year 1
        timestamps=[{"seconds": -1, "nanos": 999999999}, {"nanos": 1000}, {"nanos": 1000000}],
        duration={"seconds": -3, "nanos": -500000001},
    )
    v.text_by_number[-1] = ""
    return v


def _odd_floats(values: Any) -> Any:
    return values(
        double_value=-0.0,
        float_value=math.nan,
        doubles=[math.nan, math.inf, -math.inf, -0.0, 0.0],
        maybe_double=-0.0,
        wrapped_double={"value": math.inf},
        wrapped_float={"value": -math.inf},
        flag_choice=False,
    )


def _zeros(values: Any) -> Any:
    """Return values in which every field with presence is set to its default."""
    return values(
        maybe_int32=0,
        maybe_uint64=0,
        maybe_double=0.0,
        maybe_bool=False,
        maybe_string="",
        maybe_bytes=b"",
        maybe_color=0,
        number_choice=0,
        nested={},
        nested_list=[{}, {"child": {}}],
        timestamp={},
        duration={},
        empty={},
        wrapped_double={},
        wrapped_float={},
        wrapped_int64={},
        wrapped_uint64={},
        wrapped_int32={},
        wrapped_uint32={},
        wrapped_bool={},
        wrapped_string={},
        wrapped_bytes={},
        struct={},
        value={"null_value": 0},
        list={},
    )


def _texts(values: Any) -> Any:
    odd_names = {"class": "class", "from": "from", "fieldName": "fieldName", "URL": "URL"}
    v = values(
        string_value=_ODD_TEXT,
        words=["", "\0", "\u00fc", "u\u0308", "\U0001f469\u200d\U0001f680"],
        text_choice=_ODD_TEXT,
        maybe_string=_ODD_TEXT,
        wrapped_string={"value": _ODD_TEXT},
        x_1="x_1",
        renamed="renamed",
        **odd_names,
    )
    for key in ("", " ", _ODD_TEXT, "constructor"):
        v.nested_by_name[key].name = key
    v.struct.fields[_ODD_TEXT].string_value = _ODD_TEXT
    v.value.string_value = _ODD_TEXT
    return v


def _nests(values: Any) -> Any:
    v = values(
        nested={"name": "a", "child": {"number": -1, "child": {"name": "c", "child": {}}}},
        nested_list=[{"name": "first"}, {}, {"number": _INT64}],
        nested_choice={"child": {}},
        empty={},
    )
    for number in range(-3, 12):
        v.text_by_number[number] = str(number)
    v.bytes_by_flag[True] = b"\0\xff"
    v.bytes_by_flag[False] = b""
    v.nested_by_name["z"].number = 1
    v.nested_by_name["a"].child.child.name = "deep"
    v.color_by_id[0] = 0
    v.color_by_id[2**63] = -1
    v.struct.update({"a": [1, {"b": None}, [], {}], "0": 1e300, "c": True, "d": {"e": ""}})
    v.list.extend([None, False, -1.5, "x", [[]], {"k": [0]}])
    v.value.struct_value.update({"nested": {"list": [1, "two", None]}})
    return v


def _unknown_enums(values: Any) -> Any:
    """Return enum numbers that only a later version of the contract knows."""
    v = values(color=99, colors=[1, 77, -5, 2**31 - 1], maybe_color=-(2**31), empty_choice={})
    v.color_by_id[7] = 1234
    return v


def _scalars(int32: int, int64: int, uint32: int, uint64: int) -> dict[str, int]:
    return {
        "int32_value": int32,
        "int64_value": int64,
        "uint32_value": uint32,
        "uint64_value": uint64,
        "sint32_value": int32,
        "sint64_value": int64,
        "fixed32_value": uint32,
        "fixed64_value": uint64,
        "sfixed32_value": int32,
        "sfixed64_value": int64,
    }
