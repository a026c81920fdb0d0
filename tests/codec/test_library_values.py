"""Values in messages of every library: which are accepted, and which Python types they have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf import duration_pb2, empty_pb2, struct_pb2, timestamp_pb2
from google.protobuf.wrappers_pb2 import BoolValue, StringValue

from restate_proto.model.codec import CodecError
from tests.codec.libraries import BETTERPROTO, BETTERPROTO2, GOOGLE, LIBRARIES
from tests.codec.messages import (
    Choices,
    Collections,
    Keywords,
    Old,
    Scalars,
    Shapes,
    Single,
    Tree,
    WellKnown,
)

if TYPE_CHECKING:
    from tests.codec.libraries import Library

every_library = pytest.mark.parametrize("library", LIBRARIES, ids=str)
both = pytest.mark.parametrize("library", [BETTERPROTO, BETTERPROTO2], ids=str)


@every_library
@pytest.mark.parametrize(
    "message",
    [
        Scalars(a_double=-0.0, a_float=-0.0),
        Collections(by_string={"": ""}, by_int32={0: 0}, by_bool={False: -0.0}),
        Collections(by_uint64={0: Scalars()}, strings=["", ""], colours=[0, -1, 77]),
        Collections(scalars=[Scalars(), Scalars(a_bool=True)]),
        Choices(text="", yes=False, alone=""),
        Choices(number=0, blob=b""),
        Choices(scalars=Scalars()),
        Choices(nothing=empty_pb2.Empty()),
        Single(number=0),
        WellKnown(a_bool={}, a_string={"value": ""}, an_int64={"value": 2**63 - 1}),
        WellKnown(empty=empty_pb2.Empty(), struct=struct_pb2.Struct()),
        WellKnown(duration=duration_pb2.Duration(seconds=-1, nanos=-500_000_000)),
        WellKnown(duration=duration_pb2.Duration(nanos=-1000)),
        WellKnown(timestamp=timestamp_pb2.Timestamp(seconds=-1, nanos=999_999_000)),
        WellKnown(timestamp=timestamp_pb2.Timestamp(seconds=253402300799, nanos=999_999_000)),
        Shapes(times={1: timestamp_pb2.Timestamp()}, durations={-1: duration_pb2.Duration()}),
        Shapes(flags={2: BoolValue(value=True), 1: BoolValue()}),
        Shapes(texts=[StringValue(), StringValue(value="x")]),
        Shapes(wrapped={}),
        Scalars(a_uint64=2**64 - 1, an_int64=-(2**63), a_uint32=2**32 - 1, a_colour=-1),
    ],
    ids=str,
)
def test_values_that_break_sloppy_codecs(library: Library, message: Any) -> None:
    codec = library.codec(type(message))
    assert codec.to_binary(library.of(message)) == message.SerializeToString(deterministic=True)
    text = GOOGLE.codec(type(message)).to_json(message)
    assert codec.to_json(library.of(message)) == text
    assert codec.to_binary(codec.from_json(text)) == message.SerializeToString(deterministic=True)


@both
@pytest.mark.parametrize(
    ("message_class", "attributes", "reason"),
    [
        (Scalars, {"an_int32": 2**40}, "an_int32: "),
        (Scalars, {"a_uint64": -1}, "a_uint64: "),
        (Scalars, {"a_string": 5}, "a_string: "),
        (Scalars, {"a_string": "\ud800"}, "a_string: "),
        (Scalars, {"some_bytes": "x"}, "some_bytes: "),
        (Scalars, {"a_double": "x"}, "a_double: "),
        (Collections, {"longs": [1, "x"]}, "longs: "),
        (Collections, {"strings": "abc"}, "strings: expected a list, got str"),
        (Collections, {"strings": iter(["a"])}, "strings: expected a list, got list_iterator"),
        (Collections, {"scalars": ""}, "scalars: expected a list, got str"),
        (Collections, {"scalars": {}}, "scalars: expected a list, got dict"),
        (Collections, {"by_int32": {"x": 1}}, "by_int32: "),
        (Collections, {"scalars": [None]}, "scalars: expected Scalars, got NoneType"),
        (WellKnown, {"timestamp": datetime(2024, 1, 1)}, "timestamp: "),  # noqa: DTZ001 - no zone
        (WellKnown, {"timestamp": 5}, "timestamp: "),
        (WellKnown, {"duration": 5}, "duration: "),
        (WellKnown, {"duration": 0}, "duration: "),
        (WellKnown, {"timestamp": ""}, "timestamp: "),
        (WellKnown, {"an_int32": 2**31}, "an_int32: "),
        (Choices, {"scalars": {"a_bool": True}}, "scalars: expected Scalars, got dict"),
    ],
)
def test_a_value_that_does_not_fit_names_its_field(
    library: Library, message_class: Any, attributes: dict[str, Any], reason: str
) -> None:
    codec = library.codec(message_class)
    for write, form in ((codec.to_binary, "protobuf binary"), (codec.to_json, "ProtoJSON")):
        with pytest.raises(CodecError) as caught:
            write(codec.type(**attributes))
        name = message_class.DESCRIPTOR.full_name
        assert str(caught.value).startswith(f"{name}: cannot be written as {form}: {reason}")


@both
def test_an_empty_message_of_another_type_is_refused(library: Library) -> None:
    message = library.messages.Tree(other=library.messages.Scalars())
    with pytest.raises(CodecError, match="binary: other: expected TreeOther, got Scalars"):
        library.codec(Tree).to_binary(message)


@both
def test_the_path_to_a_value_that_does_not_fit(library: Library) -> None:
    inner = library.messages.Scalars(an_int32=2**40)
    message = library.messages.Collections(scalars=[library.messages.Scalars(), inner])
    with pytest.raises(CodecError, match="binary: scalars: an_int32: "):
        library.codec(Collections).to_binary(message)


@both
def test_what_python_has_no_value_for_is_a_codec_error(library: Library) -> None:
    for message in (
        WellKnown(timestamp=timestamp_pb2.Timestamp(seconds=253402300800)),  # the year 10000
        WellKnown(duration=duration_pb2.Duration(seconds=2**62)),
    ):
        with pytest.raises(CodecError, match=r"codectest\.v1\.WellKnown: WellKnown cannot hold it"):
            library.of(message)


@both
def test_times_are_pythons_own(library: Library) -> None:
    message = library.of(
        WellKnown(
            timestamp=timestamp_pb2.Timestamp(seconds=1, nanos=1_999),
            duration=duration_pb2.Duration(seconds=-1, nanos=-1_999),
        )
    )
    assert message.timestamp == datetime(1970, 1, 1, 0, 0, 1, 1, tzinfo=UTC)
    assert message.duration == -timedelta(seconds=1, microseconds=1)


@both
def test_maps_are_read_in_order(library: Library) -> None:
    entries = dict.fromkeys(map(str, range(20)), "")
    read = library.of(Collections(by_string=entries))
    assert list(read.by_string) == sorted(entries)


@both
def test_the_librarys_own_bytes_and_ours_are_read_by_each_other(library: Library) -> None:
    message = library.of(
        Collections(
            longs=[1, -1],
            strings=["a", ""],
            scalars=[Scalars(an_int64=5, a_colour=1, maybe_int=0), Scalars()],
            by_string={"b": "c"},
            by_uint64={2: Scalars(a_bool=True)},
        )
    )
    codec = library.codec(Collections)
    assert codec.type.FromString(codec.to_binary(message)) == message
    assert codec.from_binary(bytes(message)) == message


@both
def test_fields_of_proto2(library: Library) -> None:
    codec = library.codec(Old)
    assert codec.to_binary(codec.type(name="x", amount=0)) == b"\n\x01x\x10\x00"
    remark = b"\xa2\x06\x02hi"  # an extension: it has no attribute, and is kept
    data = b"\n\x01x\x10\x01\x18\x02 \x02" + remark
    message = codec.from_binary(data)
    assert (message.name, message.amount, message.count, int(message.season)) == ("x", 1, 2, 2)
    assert codec.to_binary(message) == data
    assert codec.to_json(message) == (
        b'{"[codectest.v1.remark]":"hi","amount":1,"count":2,"name":"x","season":"SEASON_WINTER"}'
    )


@both
def test_a_deprecated_field_is_read(library: Library) -> None:
    assert library.of(Keywords(old="x", type="y")).type == "y"


@both
def test_messages_made_by_a_codec_are_like_any_others(library: Library) -> None:
    tree = library.messages.Tree(name="x", children=[library.messages.Tree()])
    read = library.codec(Tree).from_binary(library.codec(Tree).to_binary(tree))
    assert read == tree
    assert repr(read) == repr(tree)
    read.children[0].name = "y"
    read.other = library.messages.TreeOther(tree=tree)
    assert library.codec(Tree).to_binary(read) == bytes(read)
    copied = library.codec(Tree).from_binary(bytes(read))
    assert copied == read
