"""What no codec reads or writes; the error names the field, whatever the library."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.wrappers_pb2 import BytesValue, DoubleValue
from hypothesis import example, given
from hypothesis import strategies as st

from restate_proto.codec.binary_faults import find_fault
from restate_proto.codec.google import google_codec
from restate_proto.model.codec import CodecError
from tests.codec.libraries import BETTERPROTO, BETTERPROTO2, GOOGLE, LIBRARIES
from tests.codec.messages import (
    Brace,
    Choices,
    Collections,
    Edition,
    Legacy,
    Old,
    Scalars,
    Tree,
    WellKnown,
)

if TYPE_CHECKING:
    from tests.codec.libraries import Library

every_library = pytest.mark.parametrize("library", LIBRARIES, ids=str)
PREFIX = "type.googleapis.com/"


def refuses(codec: Any, read: str, data: bytes, reason: str) -> None:
    with pytest.raises(CodecError, match=re.escape(reason)):
        getattr(codec, read)(data)


# ---- base64 ----

WRONG_BASE64 = [
    "*",
    "QU!!JD",
    "QU JD=",
    "QUJD\n",
    "A",
    "QUJDR",
    "QQ=",
    "QQ===",
    "QUI==",
    "=",
    "Q=Q=",
    "ä",
]
RIGHT_BASE64 = {
    "": b"",
    "QUJD": b"ABC",
    "QQ": b"A",
    "QQ==": b"A",
    "QUI": b"AB",
    "QUI=": b"AB",
    "-_8=": b"\xfb\xff",
    "+/8": b"\xfb\xff",
}


def held_bytes(text: str) -> list[tuple[Any, Any, str]]:
    """Return every place of bytes in JSON: the message, its JSON, and the field's path."""
    return [
        (BytesValue, text, ""),
        (Scalars, {"someBytes": text}, "someBytes: "),
        (Scalars, {"some_bytes": text}, "some_bytes: "),
        (Choices, {"blob": text}, "blob: "),
        (Choices, {"scalars": {"someBytes": text}}, "scalars.someBytes: "),
        (Collections, {"scalars": [{}, {"someBytes": text}]}, "scalars[1].someBytes: "),
        (Collections, {"byUint64": {"7": {"someBytes": text}}}, "byUint64['7'].someBytes: "),
        (Collections, {"bySint64": {"-7": text}}, "bySint64['-7']: "),
        (WellKnown, {"someBytes": text}, "someBytes: "),
        (
            WellKnown,
            {"any": {"@type": f"{PREFIX}codectest.v1.Scalars", "someBytes": text}},
            "any.someBytes: ",
        ),
        (
            WellKnown,
            {"anys": {"a": {"@type": f"{PREFIX}google.protobuf.BytesValue", "value": text}}},
            "anys['a'].value: ",
        ),
    ]


@every_library
@pytest.mark.parametrize("text", WRONG_BASE64)
def test_what_is_no_base64_is_refused(library: Library, text: str) -> None:
    for message_class, value, path in held_bytes(text):
        codec = library.codec(message_class)
        with pytest.raises(CodecError) as raised:
            codec.from_json(json.dumps(value).encode())
        reason = str(raised.value)
        # Of wrong padding json_format tells itself.
        assert f"{path}expected base64, got " in reason or re.search(r"padding|1 more than", reason)


@every_library
@pytest.mark.parametrize("text", RIGHT_BASE64)
def test_either_alphabet_with_padding_or_without(library: Library, text: str) -> None:
    for message_class, value, _ in held_bytes(text):
        codec = library.codec(message_class)
        again = codec.from_json(codec.to_json(codec.from_json(json.dumps(value).encode())))
        assert codec.to_json(again) == codec.to_json(codec.from_json(json.dumps(value).encode()))
    scalars = library.codec(Scalars).from_json(json.dumps({"someBytes": text}).encode())
    assert scalars.some_bytes == RIGHT_BASE64[text]


def test_base64_in_an_extension() -> None:
    codec = google_codec(Legacy)
    message = codec.from_json(b'{"name": "n", "[codectest.v1.seal]": "QUJD"}')
    assert b'"[codectest.v1.seal]":"QUJD"' in codec.to_json(message)
    data = b'{"name": "n", "[codectest.v1.seal]": "*"}'
    refuses(codec, "from_json", data, "[codectest.v1.seal]: expected base64, got '*'")


def test_what_only_looks_like_bytes_is_left_alone() -> None:
    value = {"struct": {"someBytes": "*"}, "unknown": {"someBytes": "*"}, "someBytes": None}
    assert google_codec(WellKnown).from_json(json.dumps(value).encode()).struct["someBytes"] == "*"


# ---- whole numbers ----

NUMBERS = [
    *[(34.0, "34"), (0.0, "0"), (-0.0, "-0.0"), (-7.0, "-7"), (2.0**53, "9007199254740992")],
    *[(1e20, "100000000000000000000"), (1e21, "1e+21"), (0.5, "0.5"), (-1e300, "-1e+300")],
]


@every_library
@pytest.mark.parametrize(("number", "text"), NUMBERS)
def test_whole_numbers_are_written_without_a_fraction(
    library: Library, number: float, text: str
) -> None:
    value = Value(number_value=number)
    values = ListValue(
        values=[value, Value(string_value="34.0"), Value(list_value=ListValue(values=[value]))]
    )
    struct = Struct(fields={"a": value, "b": Value(struct_value=Struct(fields={"c": value}))})
    packed, nested = AnyMessage(), AnyMessage()
    packed.Pack(struct, deterministic=True)
    nested.Pack(WellKnown(list=values), deterministic=True)
    cases = [
        (value, text),
        (values, f'[{text},"34.0",[{text}]]'),
        (struct, f'{{"a":{text},"b":{{"c":{text}}}}}'),
        (
            WellKnown(value=value, struct=struct),
            f'{{"struct":{{"a":{text},"b":{{"c":{text}}}}},"value":{text}}}',
        ),
        (WellKnown(a_double=DoubleValue(value=number)), f'{{"aDouble":{text}}}'),
        (
            packed,
            f'{{"@type":"{PREFIX}google.protobuf.Struct","value":{{"a":{text},"b":{{"c":{text}}}}}}}',
        ),
        (nested, f'{{"@type":"{PREFIX}codectest.v1.WellKnown","list":[{text},"34.0",[{text}]]}}'),
    ]
    for message, expected in cases:
        codec = library.codec(type(message))
        written = codec.to_json(library.of(message))
        assert written.decode() == expected
        assert codec.to_binary(codec.from_json(written)) == codec.to_binary(library.of(message))


# ---- required fields ----


@every_library
@pytest.mark.parametrize(
    ("read", "data"), [("from_binary", b"\x18\x05"), ("from_json", b'{"count": 5}')]
)
def test_a_required_field_that_is_missing_is_not_read(
    library: Library, read: str, data: bytes
) -> None:
    refuses(library.codec(Old), read, data, "missing required fields: name, amount")


@pytest.mark.parametrize("write", ["to_binary", "to_json"])
def test_a_required_field_that_is_missing_is_not_written(write: str) -> None:
    codec = google_codec(Edition)
    message = Edition(needed=1)
    with pytest.raises(CodecError, match="required fields: needed_part"):
        getattr(codec, write)(message)
    message.needed_part.number = 1
    assert getattr(codec, write)(message)


def test_a_required_field_that_is_missing_inside_of_an_any_is_not_written() -> None:
    packed = AnyMessage(type_url=f"{PREFIX}codectest.v1.Old", value=b"\x18\x05")
    with pytest.raises(
        CodecError, match=r"ProtoJSON: anys\['k'\]: missing required fields: name, amount"
    ):
        google_codec(WellKnown).to_json(WellKnown(anys={"k": packed}))


# ---- what ProtoJSON has no form for ----

GHOST = AnyMessage(type_url=f"{PREFIX}ghost.v1.Bike", value=b"\x08\x05")


@every_library
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (WellKnown(mask=FieldMask(paths=["a", "Frame"])), "mask: "),
        (WellKnown(mask=FieldMask(paths=["frame__size"])), "mask: "),
        (
            WellKnown(mask=FieldMask(paths=["a,b"])),
            "mask: the paths ['a,b'] would be read again as ",
        ),
        (FieldMask(paths=["Frame"]), "ProtoJSON: "),
        (FieldMask(paths=[""]), "ProtoJSON: the paths "),
        (WellKnown(any=GHOST), "any: "),
        (WellKnown(anys={"x": GHOST}), "anys['x']: "),
        (WellKnown(anys=dict.fromkeys("hgfedcba", GHOST)), "anys['a']: "),  # the same every time
        (GHOST, "ghost.v1.Bike"),
        (WellKnown(value=Value(number_value=float("nan"))), "value: "),
        (
            WellKnown(struct=Struct(fields={"f": Value(number_value=float("inf"))})),
            "struct.fields['f']: ",
        ),
    ],
    ids=str,
)
def test_what_has_no_json_form_is_refused_with_its_field(
    library: Library, message: Any, reason: str
) -> None:
    codec = library.codec(type(message))
    ours = library.of(message)
    assert codec.from_binary(codec.to_binary(ours)) == ours or library is GOOGLE
    with pytest.raises(CodecError, match="cannot be written as ProtoJSON") as raised:
        codec.to_json(ours)
    assert reason in str(raised.value)


# ---- depth ----


def tree(depth: int) -> Any:
    top = bottom = Tree()
    for _ in range(depth):
        bottom = bottom.children.add()
    bottom.name = "leaf"
    return top


def struct(depth: int) -> Any:
    top = bottom = Value()
    for _ in range(depth):
        bottom = bottom.struct_value.fields[""]
    bottom.bool_value = True
    return top


@every_library
@pytest.mark.parametrize("form", ["binary", "json"])
@pytest.mark.parametrize("make", [tree, struct])
def test_what_is_written_can_be_read_again_or_is_refused(
    library: Library, form: str, make: Any
) -> None:
    refused: list[bool] = []
    for depth in (1, 20, 30, *range(45, 55), *range(95, 105), 150):
        message = make(depth)
        codec = library.codec(type(message))
        ours = as_library(library, message)
        try:
            data = getattr(codec, f"to_{form}")(ours)
        except CodecError as error:
            assert "deep" in str(error)  # noqa: PT017 - or it is written
            refused.append(True)
        else:
            assert getattr(codec, f"from_{form}")(data) == ours
            refused.append(False)
    assert refused == sorted(refused)
    # Before protobuf 6 json_format has no bound on the depth of a Struct.
    assert set(refused) == {False, True} or (make is struct and form == "json")


def as_library(library: Library, message: Any) -> Any:
    """Return a message of any depth as the library represents it."""
    if library is GOOGLE:
        return message
    class_ = library.class_(type(message))
    if isinstance(message, Tree):
        return class_(
            name=message.name, children=[as_library(library, each) for each in message.children]
        )
    if message.WhichOneof("kind") == "bool_value":
        return class_(bool_value=True)
    inner = {key: as_library(library, each) for key, each in message.struct_value.fields.items()}
    return class_(struct_value=library.class_(Struct)(fields=inner))


def test_many_messages_beside_each_other_are_not_deep() -> None:
    codec = google_codec(Tree)
    message = Tree(children=[Tree(name=str(i)) for i in range(500)])
    assert codec.from_json(codec.to_json(message)) == message
    assert codec.from_binary(codec.to_binary(message)) == message


# ---- broken binary ----

BROKEN = [
    (Tree, b"\x0a\x05abc", "name: it is cut off: 3 of 5 bytes are there"),
    (Tree, b"\x12\x05\x0a\x07abc", "children.name: it is cut off: 3 of 7 bytes are there"),
    (Tree, b"\x0a\x02\xff\xfe", "name: not UTF-8"),
    (Tree, b"\x1a\x04\x0a\x02\x0a\x07", "other.tree.name: it is cut off"),
    (Tree, b"\xfa\x01\x05abc", "field 31: it is cut off"),
    (Tree, b"\x07", "field 0: "),
    (Tree, b"\x0f", "name: the wire type 7 does not fit here"),
    (Tree, b"\xff", "it is cut off"),
    (Tree, b"\x80\x80\x80\x80\x10\x00", "its tag has more than 32 bits"),
    (Tree, b"\x8a\x80\x80\x80\x80\x00\x00", "its tag has more than 32 bits"),
    (Tree, b"\x0a\x81\x80\x80\x80\x10a", "name: its length has more than 32 bits"),
    (Scalars, b"\x18" + b"\xff" * 11, "an_int32: an integer has too many bytes"),
    (Scalars, b"\x09abc", "a_double: it is cut off: 3 of 8 bytes are there"),
    (Legacy, b"\x0a\x01n\x1b\x20\x05", "item: the group has no end"),
    (Legacy, b"\x0a\x01n\x1b\x34", "item.field 6: the wire type 4 does not fit here"),
    (Brace, b"\x7b\x22\x05abc", "inner.text: it is cut off: 3 of 5 bytes are there"),
]


@pytest.mark.parametrize(("message_class", "data", "reason"), BROKEN)
def test_broken_binary_is_refused_with_its_field(
    message_class: Any, data: bytes, reason: str
) -> None:
    refuses(
        google_codec(message_class), "from_binary", data, f"not valid protobuf binary: {reason}"
    )


@pytest.mark.parametrize("library", [BETTERPROTO, BETTERPROTO2], ids=str)
def test_broken_binary_is_refused_with_its_field_by_every_library(library: Library) -> None:
    refuses(library.codec(Tree), "from_binary", BROKEN[1][1], "children.name: it is cut off")


def test_binary_that_is_too_deep() -> None:
    data = b""
    for _ in range(102):
        size = len(data)
        data = (
            b"\x12" + (bytes([size]) if size < 128 else bytes([size & 127 | 128, size >> 7])) + data
        )
    refuses(google_codec(Tree), "from_binary", data, "nested more than 100 messages deep")


@given(st.sampled_from([Tree, Scalars, Legacy, Brace, Collections]), st.binary(max_size=40))
@example(Tree, b"\x12\x80\x80\x80\x80\x80\x00")  # which not all releases refuse
def test_a_fault_is_found_in_whatever_protobuf_refuses(message_class: Any, data: bytes) -> None:
    try:
        message_class.FromString(data)
    except Exception:  # noqa: BLE001 - whatever the implementation raises
        assert find_fault(data, message_class.DESCRIPTOR) is not None


@given(st.sampled_from([Tree, Scalars, WellKnown, Collections]), st.data())
def test_no_fault_is_found_in_what_protobuf_writes(message_class: Any, data: st.DataObject) -> None:
    from tests.codec.messages import messages

    message = data.draw(messages(message_class))
    assert find_fault(message.SerializeToString(), message_class.DESCRIPTOR) is None
