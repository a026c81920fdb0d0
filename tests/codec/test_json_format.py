"""Our ProtoJSON equals `json_format`'s in both directions, for types drawn by hypothesis."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restate_proto.codec import strict_json
from restate_proto.codec.google import GoogleCodec, google_codec
from restate_proto.model.codec import CodecError
from tests.codec.drawn_types import message_classes
from tests.codec.messages import (
    Choices,
    Collections,
    Keywords,
    Old,
    Scalars,
    Tree,
    messages,
    nearly_right_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable

drawn = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 3, 1.0, 1.5, 2**31, 2**64, 1e999, 1e300, 3.4028235e38, -0.0),
    *("", "0", "1", "-7", "1.0", "1e3", " 1", "1_0", "NaN", "nan", "-Infinity", "true", "\ud800"),
    *("QQ==", "QQ", "-_8", "QQ=", "*", "OPEN_1", "OPEN_9", "SHUT_0", "NULL_VALUE", "\u0661"),
    *("1s", "2020-01-01T00:00:00Z", "a,bC", [], {}, [None], [[]], ["1", 1], {"1": 1, "01": 2}),
    *({"true": True}, {"value": 1}, {"@type": "type.googleapis.com/google.protobuf.Empty"}),
]


@given(message_classes().flatmap(messages))
@drawn
def test_messages_are_written_as_json_format_writes_them(message: Any) -> None:
    codec = _codec_of(message)
    try:
        value = json_format.MessageToDict(message, descriptor_pool=codec.descriptor.file.pool)
        expected = strict_json.dumps(value, proto=True)
    except Exception:  # noqa: BLE001 - such as an Any of a type that the pool does not have
        with pytest.raises(CodecError):
            codec.to_json(message)
    else:
        assert codec.to_json(message) == expected


@given(message_classes().flatmap(messages), st.data())
@drawn
def test_json_is_read_as_json_format_reads_it(message: Any, data: st.DataObject) -> None:
    codec = _codec_of(message)
    try:
        value = json_format.MessageToDict(message, descriptor_pool=codec.descriptor.file.pool)
    except Exception:  # noqa: BLE001 - as above
        value = {}
    if data.draw(st.booleans()):
        changed = _changed(data.draw, value, codec.descriptor)
    else:
        changed = data.draw(nearly_right_json(codec.type) | st.just(value))
    _reads_alike(codec, json.dumps(changed).encode())


@given(st.sampled_from([Scalars, Collections, Choices, Tree, Old, Keywords]), st.data())
def test_known_types_are_read_as_json_format_reads_them(
    message_class: Any, data: st.DataObject
) -> None:
    value = json_format.MessageToDict(data.draw(messages(message_class)))
    changed = _changed(data.draw, value, message_class.DESCRIPTOR)
    _reads_alike(google_codec(message_class), json.dumps(changed).encode())


def _codec_of(message: Any) -> GoogleCodec[Any]:
    return GoogleCodec(cast("Any", type(message)))


def _reads_alike(codec: GoogleCodec[Any], text: bytes) -> None:
    ours: Any
    try:
        ours = codec.from_json(text)
    except CodecError as error:
        ours = error
    expected = codec.new_google_message()
    try:
        json_format.ParseDict(
            strict_json.loads(text, proto=True),
            expected,
            ignore_unknown_fields=True,
            descriptor_pool=codec.descriptor.file.pool,
        )
    except Exception:  # noqa: BLE001 - whatever json_format raises
        assert isinstance(ours, CodecError)
        return
    if isinstance(ours, CodecError):
        # What we know to be stricter.
        reasons = ("expected base64", "missing required fields", "expected an object")
        assert any(reason in str(ours) for reason in reasons), ours
    elif ours != expected:  # a NaN is not equal to itself
        assert _binary(ours) == _binary(expected)


def _binary(message: Any) -> bytes:
    return message.SerializePartialToString(deterministic=True)


def _changed(draw: Callable[[Any], Any], value: Any, descriptor: Any) -> Any:
    """Return a JSON value with some names or values changed."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(ODD))
    if isinstance(value, list):
        return [_changed(draw, each, descriptor) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    object_ = cast("dict[str, Any]", value)
    fields = descriptor.fields if descriptor is not None else ()
    inner = {field.json_name: field.message_type for field in fields}
    changed = {key: _changed(draw, each, inner.get(key)) for key, each in object_.items()}
    for field in fields:
        choice = draw(st.integers(0, 12))
        if choice == 0:
            changed[field.name] = draw(st.sampled_from(ODD))
        elif choice == 1:
            changed[field.json_name] = draw(st.sampled_from(ODD))
        elif choice == 2 and field.json_name in changed:
            changed[field.name] = changed.pop(field.json_name)
        elif choice == 3:
            changed[draw(st.sampled_from(["unknown", "[drawn.v1.ext_M0]", "[no.such]", ""]))] = (
                "QQ=="
            )
    return changed


PLAIN: list[tuple[Any, Any]] = [
    (Scalars, {"aDouble": 1, "aFloat": -1.5, "aColour": "COLOUR_RED", "someBytes": "QUI="}),
    (
        Scalars,
        {"a_double": "NaN", "an_int64": "-7", "an_uint64": 7, "a_colour": 77, "a_bool": True},
    ),
    (Scalars, {"maybeInt": 0, "maybeString": "", "another-name": "x", "aFloat": "Infinity"}),
    (Scalars, {"unknown": {"of": ["any", "kind"]}, "aString": "ä", "anInt32": None}),
    (Collections, {"longs": ["1", 2], "scalars": [{}, {"aBool": True}], "colours": [0, 9]}),
    (Collections, {"byInt32": {"-1": "COLOUR_RED"}, "byUint64": {"7": {"aString": "x"}}}),
    (Collections, {"byBool": {"true": 1.5}, "bySint64": {"-7": "QQ=="}, "byString": {"a": "b"}}),
    (Choices, {"nothing": {}, "yes": False, "alone": "x"}),
    (Tree, {"name": "a", "children": [{"other": {"others": {"x": {}}}}]}),
]


@pytest.mark.parametrize(("message_class", "value"), PLAIN)
def test_what_programs_usually_write_needs_no_json_format(
    message_class: Any, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = json_format.ParseDict(value, message_class(), ignore_unknown_fields=True)
    for name in ("ParseDict", "MessageToDict"):
        monkeypatch.delattr(json_format, name)
    codec = google_codec(message_class)
    message = codec.from_json(json.dumps(value).encode())
    assert _binary(message) == _binary(expected)
    assert codec.from_json(codec.to_json(message)).SerializeToString() == _binary(message)


@pytest.mark.parametrize("number", [0.1, 1e-45, 3.4028234663852886e38, 16777216.0, 2.0**60, 1e21])
def test_a_float_is_as_short_as_json_format_writes_it(number: float) -> None:
    message = Scalars(a_float=number, a_double=number)
    value = json_format.MessageToDict(message)
    assert google_codec(Scalars).to_json(message) == strict_json.dumps(value, proto=True)


def test_many_messages_beside_each_other_need_no_json_format(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(json_format, "ParseDict")
    codec = google_codec(Tree)
    message = Tree(children=[Tree(name='"}{\\"') for _ in range(200)])
    assert codec.from_json(codec.to_json(message)) == message


@pytest.mark.parametrize("depth", [40, 60, 99, 100])
def test_deep_messages_are_read_as_deep_as_json_format_reads_them(depth: int) -> None:
    text = b'{"children":[' * depth + b"{}" + b"]}" * depth
    _reads_alike(google_codec(Tree), text)
