"""Peculiarities of betterproto and betterproto2: presence, oneofs, wrappers, enums."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import betterproto
import betterproto2
import pytest

from tests.codec.libraries import BETTERPROTO, BETTERPROTO2
from tests.codec.messages import Choices, Collections, Scalars, Tree, WellKnown

one: Any = BETTERPROTO.messages
two: Any = BETTERPROTO2.messages


def as_google(message: Any, google_class: Any) -> Any:
    library = BETTERPROTO if isinstance(message, betterproto.Message) else BETTERPROTO2
    return google_class.FromString(library.codec(google_class).to_binary(message))


# ---- betterproto ----


def test_reading_a_field_does_not_set_it() -> None:
    message = one.Tree(name="x")
    assert not message.other.tree.name
    assert not message.children
    assert not as_google(message, Tree).HasField("other")
    choices = one.Choices()
    with pytest.raises(AttributeError):
        _ = choices.text
    assert as_google(choices, Choices) == Choices()


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (one.Tree(other=one.TreeOther(tree=one.Tree(name="x"))), {"tree": {"name": "x"}}),
        (one.Tree(other=one.TreeOther(tree=one.Tree())), {}),
        (one.Tree(other=one.TreeOther(others={})), {}),
        # betterproto does not tell it from one that reading made.
        (one.Tree(other=one.TreeOther()), None),
    ],
    ids=repr,
)
def test_betterproto_says_whether_a_message_is_there(message: Any, expected: Any) -> None:
    found = as_google(message, Tree)
    assert found == Tree(other=expected)
    assert found.SerializeToString() == bytes(message)


def test_a_message_without_fields_is_there_once_it_is_set() -> None:
    message = one.WellKnown()
    message.empty = BETTERPROTO.well_known.Empty()
    assert as_google(message, WellKnown).HasField("empty")
    assert as_google(one.WellKnown(empty=BETTERPROTO.well_known.Empty()), WellKnown).HasField(
        "empty"
    )


def test_what_is_changed_in_place_is_there() -> None:
    message = one.Tree()
    message.other.tree.children.append(one.Tree(name="x"))
    expected = Tree(other={"tree": {"children": [{"name": "x"}]}})
    assert as_google(message, Tree) == expected
    message = one.Tree()
    message.other.others["x"] = one.TreeOther()
    assert as_google(message, Tree).other.others["x"] == Tree.Other()


def test_the_last_member_of_a_oneof_that_was_set_is_it() -> None:
    message = one.Choices(text="a")
    message.number = 5
    message.yes = False
    assert as_google(message, Choices) == Choices(number=5, yes=False)
    assert as_google(one.Choices(text="a", number=5), Choices) == Choices(number=5)
    read = BETTERPROTO.of(Choices(number=0, blob=b"x"))
    assert betterproto.which_one_of(read, "first") == ("number", 0)
    assert betterproto.which_one_of(read, "second") == ("blob", b"x")
    assert betterproto.which_one_of(read, "lonely") == ("", None)
    with pytest.raises(AttributeError):
        _ = read.text
    read.text = "y"
    assert as_google(read, Choices) == Choices(text="y", blob=b"x")


def test_a_zero_time_is_none() -> None:
    message = one.WellKnown(timestamp=datetime(1970, 1, 1, tzinfo=UTC), duration=timedelta(0))
    assert as_google(message, WellKnown) == WellKnown()
    assert BETTERPROTO.of(WellKnown()).timestamp == datetime(1970, 1, 1, tzinfo=UTC)
    assert BETTERPROTO.of(WellKnown()).duration == timedelta(0)


def test_a_read_message_is_like_a_parsed_one() -> None:
    data = Choices(scalars=Scalars(a_string="x"), blob=b"").SerializeToString()
    read, parsed = BETTERPROTO.codec(Choices).from_binary(data), one.Choices().parse(data)
    assert read == parsed
    ours, theirs = (object.__getattribute__(each, "__dict__") for each in (read, parsed))
    assert set(ours) == set(theirs)
    assert betterproto.serialized_on_wire(read)
    assert betterproto.serialized_on_wire(read.scalars)
    assert read.to_dict() == parsed.to_dict()


# ---- betterproto2 ----


def test_none_is_what_is_not_there() -> None:
    read = BETTERPROTO2.of(WellKnown())
    assert (read.timestamp, read.duration, read.empty, read.a_bool) == (None, None, None, None)
    message = two.WellKnown(
        timestamp=datetime(1970, 1, 1, tzinfo=UTC), duration=timedelta(0), a_bool=False, a_string=""
    )
    expected = WellKnown(timestamp={}, duration={}, a_bool={}, a_string={})
    assert as_google(message, WellKnown) == expected
    assert BETTERPROTO2.of(expected) == message


def test_the_last_member_of_a_oneof_that_is_not_none_is_it() -> None:
    read = BETTERPROTO2.of(Choices(number=0))
    assert betterproto2.which_one_of(read, "first") == ("number", 0)
    read.number, read.text = None, ""
    assert as_google(read, Choices) == Choices(text="")


# ---- Both ----


@pytest.mark.parametrize("library", [BETTERPROTO, BETTERPROTO2], ids=str)
def test_enums_are_the_librarys(library: Any) -> None:
    colour = library.messages.Colour
    read = library.of(Scalars(a_colour=1))
    assert read.a_colour is colour.RED
    unknown = library.of(Scalars(a_colour=77)).a_colour
    assert isinstance(unknown, colour)
    assert unknown == 77
    lists = library.of(Collections(colours=[1, 77], by_int32={1: 1}))
    assert lists.colours[0] is colour.RED
    assert lists.by_int32[1] is colour.RED
    assert as_google(library.messages.Scalars(a_colour=colour.BELOW), Scalars).a_colour == -1


@pytest.mark.parametrize("library", [BETTERPROTO, BETTERPROTO2], ids=str)
def test_wrappers_are_optional_values(library: Any) -> None:
    read = library.of(WellKnown(an_int64={"value": 5}, a_bool={}))
    assert (read.an_int64, read.a_bool, read.a_string) == (5, False, None)
    read.a_bool = None
    assert as_google(read, WellKnown) == WellKnown(an_int64={"value": 5})


@pytest.mark.parametrize("library", [BETTERPROTO, BETTERPROTO2], ids=str)
def test_optional_fields_keep_their_zero(library: Any) -> None:
    read = library.of(Scalars(maybe_int=0))
    assert (read.maybe_int, read.maybe_string) == (0, None)
    read.maybe_string = ""
    assert as_google(read, Scalars) == Scalars(maybe_int=0, maybe_string="")
