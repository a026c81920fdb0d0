"""The messages of protos/, compiled when this is imported, and arbitrary ones of any type."""

from __future__ import annotations

import math
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from google.protobuf import (
    any_pb2,
    descriptor_pb2,
    descriptor_pool,
    duration_pb2,
    empty_pb2,
    field_mask_pb2,
    message_factory,
    struct_pb2,
    timestamp_pb2,
    wrappers_pb2,
)
from google.protobuf.descriptor import FieldDescriptor
from grpc_tools import protoc  # pyright: ignore[reportMissingTypeStubs] - it has none
from hypothesis import strategies as st

from restate_proto.codec.registry import codec_for
from restate_proto.protobuf import is_required

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

PROTOS = Path(__file__).parent / "protos"


def _compile() -> descriptor_pb2.FileDescriptorSet:
    with tempfile.TemporaryDirectory() as directory:
        compiled = Path(directory) / "descriptors.binpb"
        files = sorted(path.name for path in PROTOS.glob("*.proto"))
        include = str(resources.files("grpc_tools") / "_proto")
        arguments = [f"-I{PROTOS}", f"-I{include}", f"--descriptor_set_out={compiled}"]
        arguments += ["--include_imports", "--include_source_info"]
        compile_: Any = protoc
        assert compile_.main(["protoc", *arguments, *files]) == 0
        found = descriptor_pb2.FileDescriptorSet.FromString(compiled.read_bytes())
    for file in found.file:
        if file.name in files:
            descriptor_pool.Default().AddSerializedFile(file.SerializeToString())
    return found


def _message(name: str) -> Any:
    descriptor = descriptor_pool.Default().FindMessageTypeByName(f"codectest.v1.{name}")
    return message_factory.GetMessageClass(descriptor)


FILES = _compile()
"""The files of protos/ and what they import."""

Brace = _message("Brace")
Choices = _message("Choices")
Collections = _message("Collections")
Edition = _message("Edition")
Keywords = _message("Keywords")
Legacy = _message("Legacy")
Nothing = _message("Nothing")
Old = _message("Old")
Scalars = _message("Scalars")
Shapes = _message("Shapes")
Single = _message("Single")
Tree = _message("Tree")
WellKnown = _message("WellKnown")

OURS: tuple[Any, ...] = (
    *(Choices, Collections, Legacy, Nothing, Old, Scalars, Single, Tree, WellKnown),
    *(Brace, Edition, Keywords, Shapes),
    # as a request or a response they are the whole payload
    *(any_pb2.Any, duration_pb2.Duration, field_mask_pb2.FieldMask, timestamp_pb2.Timestamp),
    *(empty_pb2.Empty, struct_pb2.Struct, struct_pb2.Value, struct_pb2.ListValue),
    *(wrappers_pb2.StringValue, wrappers_pb2.UInt64Value, wrappers_pb2.FloatValue),
)
"""Every type that the properties are tried on."""

F = FieldDescriptor
_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
_SCALARS: dict[int, SearchStrategy[Any]] = {
    F.TYPE_BOOL: st.booleans(),
    F.TYPE_STRING: _TEXT,
    F.TYPE_BYTES: st.binary(max_size=5),
    F.TYPE_DOUBLE: st.floats(allow_nan=False) | st.just(math.nan),
    F.TYPE_FLOAT: st.floats(width=32, allow_nan=False) | st.just(math.nan),
    **dict.fromkeys(
        (F.TYPE_INT32, F.TYPE_SINT32, F.TYPE_SFIXED32), st.integers(-(2**31), 2**31 - 1)
    ),
    **dict.fromkeys(
        (F.TYPE_INT64, F.TYPE_SINT64, F.TYPE_SFIXED64), st.integers(-(2**63), 2**63 - 1)
    ),
    **dict.fromkeys((F.TYPE_UINT32, F.TYPE_FIXED32), st.integers(0, 2**32 - 1)),
    **dict.fromkeys((F.TYPE_UINT64, F.TYPE_FIXED64), st.integers(0, 2**64 - 1)),
}


def codec_of(value: Any) -> Any:
    """The codec of a value's type."""
    return codec_for(cast("Any", type(value)))


def messages(message_class: Any) -> SearchStrategy[Any]:
    """Arbitrary messages of a class that have a ProtoJSON form."""
    return _messages(message_class, 3)


def _messages(message_class: Any, depth: int) -> SearchStrategy[Any]:
    special = _SPECIAL.get(message_class.DESCRIPTOR.full_name)
    if special is not None:  # in the class of whatever pool
        return special(depth).map(lambda each: message_class.FromString(each.SerializeToString()))

    @st.composite
    def build(draw: Callable[[SearchStrategy[Any]], Any]) -> Any:
        message = message_class()
        for field in message_class.DESCRIPTOR.fields:
            deep = field.message_type is not None and depth <= 0
            needed = is_required(field)
            if needed or (not deep and draw(st.booleans())):
                _fill(draw, message, field, depth)
        return message

    return build()


def _fill(draw: Any, message: Any, field: Any, depth: int) -> None:
    target = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        fields = field.message_type.fields_by_name
        for key in draw(st.lists(_values(fields["key"], depth), max_size=3)):
            value = draw(_values(fields["value"], depth))
            if hasattr(value, "DESCRIPTOR"):
                target[key].CopyFrom(value)
            else:
                target[key] = value
    elif hasattr(target, "extend"):
        target.extend(draw(st.lists(_values(field, depth), max_size=3)))
    elif field.message_type is not None:
        target.CopyFrom(draw(_values(field, depth)))
    else:
        setattr(message, field.name, draw(_values(field, depth)))


def _values(field: Any, depth: int) -> SearchStrategy[Any]:
    if field.message_type is not None:
        return _messages(message_factory.GetMessageClass(field.message_type), depth - 1)
    if field.enum_type is not None:
        if field.enum_type.full_name == "google.protobuf.NullValue":
            return st.just(0)  # what else there is JSON does not tell apart
        known = st.sampled_from([value.number for value in field.enum_type.values])
        unknown = st.integers(-(2**31), 2**31 - 1)
        return known if field.enum_type.is_closed else known | unknown
    return _SCALARS[field.type]


def _timestamps(depth: int) -> SearchStrategy[Any]:
    first, last = -62135596800, 253402300799  # the years 1 to 9999
    nanos = st.sampled_from([0, 5_000_000, 7_000]) | st.integers(0, 999_999_999)
    return st.builds(timestamp_pb2.Timestamp, seconds=st.integers(first, last), nanos=nanos)


def _durations(depth: int) -> SearchStrategy[Any]:
    def signed(sign: int, seconds: int, nanos: int) -> Any:
        return duration_pb2.Duration(seconds=sign * seconds, nanos=sign * nanos)

    return st.builds(
        signed,
        st.sampled_from([1, -1]),
        st.integers(0, 315_576_000_000 - 1),
        st.integers(0, 999_999_999),
    )


def _masks(depth: int) -> SearchStrategy[Any]:
    path = st.from_regex(r"[a-z]{1,4}(_[a-z]{1,4}){0,2}(\.[a-z]{1,3})?", fullmatch=True)
    return st.builds(field_mask_pb2.FieldMask, paths=st.lists(path, max_size=3))


def _json_values(depth: int) -> SearchStrategy[Any]:
    def build(value: Any) -> Any:
        message: Any = struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        if isinstance(value, dict):
            message.struct_value.update(cast("Any", value))
        elif isinstance(value, list):
            message.list_value.extend(cast("Any", value))
        elif isinstance(value, bool):
            message.bool_value = value
        elif isinstance(value, float):
            message.number_value = value
        elif isinstance(value, str):
            message.string_value = value
        return message

    numbers = st.floats(allow_nan=False, allow_infinity=False)
    return json_values(numbers).map(build)


def _anys(depth: int) -> SearchStrategy[Any]:
    def pack(inner: Any) -> Any:
        message = any_pb2.Any()
        message.Pack(inner, deterministic=True)
        return message

    inside = (Scalars, Collections, timestamp_pb2.Timestamp, wrappers_pb2.Int64Value)
    return st.just(any_pb2.Any()) | st.one_of([_messages(each, 0).map(pack) for each in inside])


_SPECIAL: dict[str, Callable[[int], SearchStrategy[Any]]] = {
    "google.protobuf.Any": _anys,
    "google.protobuf.Timestamp": _timestamps,
    "google.protobuf.Duration": _durations,
    "google.protobuf.FieldMask": _masks,
    "google.protobuf.Value": _json_values,
    "google.protobuf.Struct": lambda depth: _json_values(depth).map(lambda v: v.struct_value),
    "google.protobuf.ListValue": lambda depth: _json_values(depth).map(lambda v: v.list_value),
}


def json_values(numbers: SearchStrategy[Any] | None = None) -> SearchStrategy[Any]:
    """Arbitrary JSON values."""
    if numbers is None:
        numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    return st.recursive(
        st.none() | st.booleans() | numbers | _TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
        max_leaves=8,
    )


def nearly_right_json(message_class: Any) -> SearchStrategy[Any]:
    """JSON objects with the names of a message's fields, and anything as their values."""
    fields = message_class.DESCRIPTOR.fields
    names = [name for field in fields for name in (field.json_name, field.name)]
    plausible = st.sampled_from(
        [
            "1",
            "-1",
            "1e3",
            "NaN",
            "nan",
            "AAA=",
            "COLOUR_RED",
            "1s",
            "2020-01-01T00:00:00Z",
            math.pi,
        ]
    )
    objects = st.dictionaries(
        st.sampled_from([*names, "@type", "value"]), json_values() | plausible
    )
    nested = st.dictionaries(
        st.sampled_from([*names, "x"]), objects | st.lists(objects, max_size=2)
    )
    return objects | nested
