"""Typed keys: written from the fields of a message, and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from conformance.v1.queue_pb2 import URGENCY_HIGH, QueueKey
from restate_proto.codec.google import google_codec
from restate_proto.model.key_format import FixedKey, KeyField, KeyFormat, KeyText, KeyType

if TYPE_CHECKING:
    from collections.abc import Sequence

QUEUE = KeyFormat(
    google_codec(QueueKey),
    "q/",
    KeyField("team", KeyType.STRING, "::"),
    KeyField("lane", KeyType.INT32, "-"),
    KeyField("urgency", KeyType.ENUM, "/"),
    KeyField("test", KeyType.BOOL, ":"),
    KeyField("branch", KeyType.STRING),
)
# Few characters, so that texts and values often have a part of each other in them.
TEXTS = st.text("a:-0", max_size=3)
VALUES: dict[KeyType, st.SearchStrategy[Any]] = {
    KeyType.STRING: TEXTS,
    KeyType.BOOL: st.booleans(),
    **{
        type_: st.integers(*type_.bounds) | st.integers(0, 120)
        for type_ in KeyType
        if type_.bounds is not None
    },
}


@st.composite
def formats(draw: st.DrawFn) -> KeyText:
    """Draw formats that a contract may have."""
    types = draw(st.lists(st.sampled_from(KeyType), min_size=1, max_size=4))
    fields: list[KeyField] = []
    for number, type_ in enumerate(types):
        after = draw(TEXTS)
        if number < len(types) - 1:
            assume(after)
            assume(type_.bounds is None or not after.startswith("0"))
        fields.append(KeyField(f"f{number}", type_, after))
    return KeyText(draw(TEXTS), fields)


def values_of(draw: st.DataObject, text: KeyText) -> Sequence[Any]:
    return tuple(draw.draw(VALUES[field.type]) for field in text.fields)


@given(formats(), st.data())
def test_what_is_written_is_read_again(text: KeyText, data: st.DataObject) -> None:
    values = values_of(data, text)
    try:
        key = text.write(values)
    except ValueError:
        return
    assert text.read(key) == values
    assert [type(value) for value in text.read(key)] == [type(value) for value in values]


@given(formats(), st.data())
def test_two_messages_have_two_keys(text: KeyText, data: st.DataObject) -> None:
    one, other = values_of(data, text), values_of(data, text)
    try:
        is_same_key = text.write(one) == text.write(other)
    except ValueError:
        return
    assert is_same_key is (one == other)


@given(formats(), st.text("a:-0129true", max_size=12))
def test_what_is_read_would_be_written_so(text: KeyText, key: str) -> None:
    try:
        values = text.read(key)
    except ValueError:
        return
    if key:
        assert text.write(values) == key


@given(formats(), st.data())
def test_only_a_string_in_the_middle_can_be_refused(text: KeyText, data: st.DataObject) -> None:
    values = tuple("b" if isinstance(each, str) else each for each in values_of(data, text))
    assert text.read(text.write(values)) == values


@given(
    team=st.text(max_size=5),
    lane=st.integers(-(2**31), 2**31 - 1),
    urgency=st.integers(-(2**31), 2**31 - 1),
    test=st.booleans(),
    branch=st.text(max_size=5),
)
def test_a_message_is_read_again(**fields: Any) -> None:
    assume("::" not in f"{fields['team']}:")
    message = QueueKey(**fields)
    text = QUEUE.format(message)
    assert QUEUE.parse(text) == message
    QUEUE.check(text)


def test_the_text_of_a_key() -> None:
    key = QueueKey(team="core", lane=-3, urgency=URGENCY_HIGH, test=True, branch="a:b::c")
    assert QUEUE.format(key) == "q/core::-3-1/true:a:b::c"
    assert QUEUE.format(QueueKey()) == "q/::0-0/false:"
    assert repr(QUEUE) == "KeyFormat(QueueKey, 'q/{team}::{lane}-{urgency}/{test}:{branch}')"


@pytest.mark.parametrize("team", ["a::b", "::", "a:", ":"])
def test_a_string_that_would_end_elsewhere_is_refused(team: str) -> None:
    with pytest.raises(ValueError, match=r"^conformance.v1.QueueKey: team is '.*', so the '::'"):
        QUEUE.format(QueueKey(team=team))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "core",
        "core::0-0/true:x",
        "q/core:0-0/true:x",
        "q/core::00-0/true:x",
        "q/core::-0-0/true:x",
        "q/core::+1-0/true:x",
        "q/core:: 1-0/true:x",
        "q/core::1_0-0/true:x",
        "q/core::٣-0/true:x",
        "q/core::2147483648-0/true:x",
        "q/core::-2147483649-0/true:x",
        "q/core::" + "9" * 10_000 + "-0/true:x",
        "q/core::-0/true:x",
        "q/core::1-0/True:x",
        "q/core::1-0/1:x",
        "q/core::1-0/truex",
        "q/core::1-HIGH/true:x",
    ],
)
def test_what_is_no_key(text: str) -> None:
    form = "q/{team}::{lane}-{urgency}/{test}:{branch}"
    for read in (QUEUE.check, QUEUE.parse):
        with pytest.raises(ValueError, match="does not have the form") as caught:
            read(text)
        assert str(caught.value).endswith(f"does not have the form {form!r}")


@pytest.mark.parametrize("key", ["q/core::0-0/true:x", None, QueueKey])
def test_what_is_no_message(key: Any) -> None:
    with pytest.raises(TypeError, match=r"key=.*: must be a QueueKey$"):
        QUEUE.format(key)


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (KeyType.INT32, 2**31, "an integer of -2147483648 to 2147483647"),
        (KeyType.UINT32, -1, "an integer of 0 to 4294967295"),
        (KeyType.UINT64, 2**64, "an integer of 0 to 18446744073709551615"),
        (KeyType.INT64, True, "an integer of -9223372036854775808 to 9223372036854775807"),
        (KeyType.INT64, "1", "an integer of"),
        (KeyType.ENUM, None, "an integer of"),
        (KeyType.BOOL, 1, "a bool"),
        (KeyType.STRING, b"x", "a str"),
    ],
)
def test_what_dataclasses_may_hold_and_a_field_may_not(
    type_: KeyType, value: Any, expected: str
) -> None:
    with pytest.raises(ValueError, match=r"^f is .*; it must be ") as caught:
        KeyText("", [KeyField("f", type_)]).write([value])
    assert expected in str(caught.value)


def test_no_key_is_empty() -> None:
    with pytest.raises(ValueError, match="f is empty, and a key must not be"):
        KeyText("", [KeyField("f", KeyType.STRING)]).write([""])


def test_braces_of_a_format_are_escaped() -> None:
    text = KeyText("{", [KeyField("f", KeyType.INT32, "}")])
    assert str(text) == "{{{f}}}"
    assert text.read(text.write([5])) == (5,)


def test_a_fixed_key() -> None:
    FixedKey("main").check("main")
    with pytest.raises(ValueError, match="'Main' is not 'main', the only key of this object"):
        FixedKey("main").check("Main")
