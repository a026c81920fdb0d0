"""Terminal errors with a message: their parts, and how a received failure is converted."""

from __future__ import annotations

import base64
import copy
import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from conformance.v1.conformance_pb2 import Entry, Parcel
from restate_proto import CodecError, DetailedError, RetryableError, TerminalError
from restate_proto.codec.google import google_codec
from restate_proto.model import error_types
from restate_proto.model.error_types import error_type, received_error

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "restatepb.detail/t.v1.Parcel"
RETRY_INFO = "restatepb.detail/google.rpc.RetryInfo"


@error_type("t.v1.Parcel", 409, google_codec(Parcel))
class ParcelError(DetailedError[Parcel]):
    """The error of these tests."""


@pytest.fixture(autouse=True)
def _only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(error_types, "_classes", {"t.v1.Parcel": ParcelError})


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def retry_info(data: bytes) -> dict[str, str]:
    return {RETRY_INFO: encoded(data)}


def test_an_error_carries_its_detail() -> None:
    parcel = Parcel(text="größe", number=3)
    error = ParcelError(parcel, "no", metadata={"by": "me"})
    assert (error.detail, error.message, error.code) == (parcel, "no", 409)
    assert error.metadata == {"by": "me", KEY: encoded(parcel.SerializeToString())}
    assert str(error) == "[409] no"
    assert isinstance(error, TerminalError)
    assert ParcelError(parcel, "no", code=410).code == 410


def test_an_error_without_a_field_set_has_an_empty_detail() -> None:
    assert ParcelError(Parcel(), "no").metadata == {KEY: ""}
    assert received_error("no", 409, {KEY: ""}).__dict__["detail"] == Parcel()


def test_an_error_can_be_copied() -> None:
    error = received_error("no", 77, {KEY: encoded(Parcel(number=3).SerializeToString())})
    for found in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(found) is ParcelError
        assert (found.detail, found.message, found.code) == (Parcel(number=3), "no", 77)
        assert found.metadata == error.metadata


def test_a_wrong_argument_is_refused_where_it_is_written() -> None:
    wrong: Any = "no"
    with pytest.raises(TypeError, match="Parcel"):
        ParcelError(wrong, "no")
    with pytest.raises(ValueError, match="400 to 599"):
        ParcelError(Parcel(), "no", code=200)
    deep = Parcel()
    inner = deep
    for _ in range(200):
        inner = inner.parts.add()
    with pytest.raises(CodecError, match="100"):
        ParcelError(deep, "no")


@pytest.mark.parametrize("code", [409, 410, 200, 70000])
def test_a_failure_is_received_as_its_class(code: int) -> None:
    sent = ParcelError(Parcel(text="a"), "no", metadata={"by": "me"})
    error = received_error("no", code, sent.metadata)
    assert type(error) is ParcelError
    assert (error.detail, error.message, error.code) == (Parcel(text="a"), "no", code)
    assert error.metadata == sent.metadata  # so that it can be passed on


UNREADABLE = {
    "no metadata": {},
    "another type": {"restatepb.detail/t.v1.Other": ""},
    "no detail": {"t.v1.Parcel": "", "restatepb.detail/": ""},
    "no base64": {KEY: "?"},
    "base64 that lacks its end": {KEY: "CAM"},
    "not even ASCII": {KEY: "größe"},
    "wrong bytes": {KEY: encoded(b"\xff\xff")},
}


@pytest.mark.parametrize("metadata", UNREADABLE.values(), ids=UNREADABLE)
def test_a_detail_that_cannot_be_read_leaves_a_plain_error(metadata: dict[str, str]) -> None:
    error = received_error("no", 409, metadata)
    assert type(error) is TerminalError
    assert (error.message, error.code, error.metadata) == ("no", 409, metadata)


def test_of_several_details_the_first_that_can_be_read_counts() -> None:
    @error_type("t.v1.Entry", 404, google_codec(Entry))
    class EntryError(DetailedError[Entry]):
        pass

    details = {KEY: "", "restatepb.detail/t.v1.Entry": ""}
    for metadata in (details, dict(reversed(details.items()))):
        assert type(received_error("no", 409, metadata)) is EntryError
        assert type(received_error("no", 409, metadata | {"restatepb.detail/t.v1.Entry": "?"})) is (
            ParcelError
        )


def declared(module: str, code: int = 409, message: type[Any] = Parcel) -> type[DetailedError[Any]]:
    """Return an error class as another module declares it."""
    declare = error_type("t.v1.Parcel", code, google_codec(message))
    return declare(type("ParcelError", (DetailedError,), {"__module__": module}))


def caught_by(class_: type[DetailedError[Any]]) -> DetailedError[Any]:
    with pytest.raises(class_) as raised:
        raise received_error("no", 409, {KEY: ""})
    return raised.value


def test_two_modules_have_one_class_for_an_error() -> None:
    assert declared("other") is ParcelError


@pytest.mark.parametrize("of", [{"code": 410}, {"message": Entry}], ids=str)
def test_what_is_received_is_caught_as_the_class_of_any_module(of: dict[str, Any]) -> None:
    other = declared("other", **of)
    assert other is not ParcelError
    for class_ in (ParcelError, other):
        assert type(caught_by(class_)) is other
    # What a module raises is what its own contract says.
    assert ParcelError(Parcel(), "no").code == 409
    assert other(of.get("message", Parcel)(), "no").code == of.get("code", 409)


def test_a_module_may_be_loaded_again() -> None:
    """Classes imported from it before still catch the errors received."""
    assert declared(__name__) is ParcelError
    again = declared(__name__, 410)
    assert type(caught_by(ParcelError)) is again


def test_a_delay_travels_as_retry_info() -> None:
    delay = timedelta(days=1, seconds=2.5)
    error = TerminalError("busy", code=503, retry_after=delay)
    assert error.retry_after == delay
    (data,) = error.metadata.values()
    assert list(error.metadata) == [RETRY_INFO]
    # The message is google.rpc.RetryInfo: field 1 is a Duration.
    wire = base64.b64decode(data)
    assert (wire[0], wire[1]) == (0x0A, len(wire) - 2)
    assert Duration.FromString(wire[2:]) == Duration(seconds=86402, nanos=500_000_000)
    received = received_error("busy", 503, error.metadata)
    assert (type(received), received.retry_after) == (TerminalError, delay)


def test_a_delay_can_stand_beside_a_detail() -> None:
    error = ParcelError(Parcel(number=1), "busy", retry_after=timedelta(seconds=30))
    received = received_error("busy", 409, error.metadata)
    assert type(received) is ParcelError
    assert (received.detail, received.retry_after) == (Parcel(number=1), timedelta(seconds=30))
    # A handler that had to wait says so to Restate.
    assert RetryableError("busy", retry_after=received.retry_after).retry_after == (
        timedelta(seconds=30)
    )


def retry_infos() -> Iterator[tuple[str, bytes, timedelta | None]]:
    yield "empty", b"", None
    yield "zero", b"\x0a\x00", timedelta(0)
    yield (
        "with fields of a newer version",
        b"\x12\x01a\x0a\x02\x08\x07\x18\x01",
        timedelta(seconds=7),
    )
    yield "broken", b"\x0a\x09\x08", None
    yield "another type in the field", b"\x08\x07", None
    yield "a Duration that is none", b"\x0a\x02\x08\xff", None
    too_long = Timestamp(seconds=10**17).SerializeToString()
    yield "a delay out of range", b"\x0a" + bytes([len(too_long)]) + too_long, None


@pytest.mark.parametrize(
    ("data", "delay"), [each[1:] for each in retry_infos()], ids=[each[0] for each in retry_infos()]
)
def test_retry_info_of_another_party(data: bytes, delay: timedelta | None) -> None:
    error = received_error("busy", 503, retry_info(data))
    assert error.retry_after == delay
    assert error.metadata == retry_info(data)


def test_a_delay_is_a_timedelta() -> None:
    wrong: Any = 30
    for class_ in (TerminalError, RetryableError):
        with pytest.raises(TypeError, match=rf"{class_.__name__}\(retry_after=30\)"):
            class_("busy", retry_after=wrong)
