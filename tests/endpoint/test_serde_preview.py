"""Serde preview: how an endpoint shows payloads to the Restate UI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.v1.conformance_pb2 import Color, EntryList, Parcel, Script
from conformance.v1.conformance_restate import AccountBase, ClerkBase, JourneyBase
from conformance.v1.files_restate import FilesBase
from restate_proto import Encoding, StateKey
from restate_proto.codec.google import google_codec
from restate_proto.codec.untyped import untyped_json
from restate_proto.endpoint.serde_preview import SerdePreview
from restate_proto.model.kinds import ServiceKind
from restate_proto.model.service import ServiceDescriptor

if TYPE_CHECKING:
    from google.protobuf.message import Message

ACCOUNT, CLERK = AccountBase.__restate_service__, ClerkBase.__restate_service__
JOURNEY, FILES = JourneyBase.__restate_service__, FilesBase.__restate_service__
PARCEL = Parcel(text="ink", number=2**60, data=b"\xff", color=Color.COLOR_RED, note="")
PARCEL_JSON = {
    "text": "ink",
    "number": str(2**60),
    "data": "/w==",
    "color": "COLOR_RED",
    "note": "",
}
PREFIX = "dev.restate.serde.preview."


def preview(*services: ServiceDescriptor) -> SerdePreview:
    return SerdePreview(services, 1 << 20)


def convert(path: str, data: bytes, *services: ServiceDescriptor) -> tuple[int, str, bytes]:
    found = preview(*(services or (ACCOUNT, CLERK, JOURNEY))).find(path)
    assert found is not None
    return found(data)


def decoded(path: str, message: Message | bytes, *services: ServiceDescriptor) -> Any:
    data = message if isinstance(message, bytes) else message.SerializeToString()
    status, content_type, body = convert(path, data, *services)
    assert (status, content_type) == (200, "application/json")
    return json.loads(body)


def encoded(path: str, value: Any, *services: ServiceDescriptor) -> bytes:
    status, content_type, body = convert(path, json.dumps(value).encode(), *services)
    assert (status, content_type) == (200, "application/protobuf"), body
    return body


def refusal(path: str, data: bytes) -> str:
    status, content_type, body = convert(path, data)
    assert (status, content_type) == (422, "application/json")
    return json.loads(body)["message"]


def metadata(service: ServiceDescriptor) -> set[str]:
    found: Mapping[str, str] = preview(service).advertised(service).config.metadata
    assert set(found.values()) <= {"true"}
    return {name.removeprefix(PREFIX) for name in found if name.startswith(PREFIX)}


def test_the_metadata_names_what_has_a_preview() -> None:
    of_handlers = {name for name in metadata(ACCOUNT) if "/" in name}
    assert {"Perform/input", "Perform/output", "Append/input"} <= of_handlers
    assert "Entries/input" not in of_handlers  # an Empty
    always = {"signal", "run", "awakeable", "completeawakeable", "sendsignal"}
    state = {"getstate", "geteagerstate", "getlazystate", "setstate"}
    assert metadata(ACCOUNT) - of_handlers == always | state
    promises = {"getpromise", "peekpromise", "completepromise"}
    assert metadata(JOURNEY) >= always | state | promises
    assert metadata(CLERK).isdisjoint(state | promises)


def test_raw_and_json_payloads_have_none() -> None:
    assert {name for name in metadata(FILES) if "/" in name} == {
        "Scan/output",
        "Make/input",
        "Process/output",
    }
    plain = ServiceDescriptor("Plain", ServiceKind.VIRTUAL_OBJECT, (), Encoding.JSON)
    assert metadata(plain) == set()


def test_metadata_of_the_contract_stays() -> None:
    described = preview(ACCOUNT).advertised(ACCOUNT)
    assert described.config.metadata.items() >= ACCOUNT.config.metadata.items()
    assert described.handlers is ACCOUNT.handlers


def test_input_and_output_are_shown_and_written() -> None:
    name = "conformance.v1.Clerk"
    script = Script(name="go", input=PARCEL)
    shown = decoded(f"{name}/decode/Perform/input", script)
    assert shown == {"name": "go", "input": PARCEL_JSON}
    assert encoded(f"{name}/encode/Perform/input", shown) == script.SerializeToString()
    assert decoded(f"{name}/decode/Perform/output", PARCEL) == PARCEL_JSON
    assert decoded(f"{name}/decode/Perform/output", b"") == {}


def test_json_is_shown_where_a_caller_has_sent_it() -> None:
    assert decoded("conformance.v1.Clerk/decode/Perform/input", b' {"name": "go"}') == {
        "name": "go"
    }


@pytest.mark.parametrize("name", ["getstate", "geteagerstate", "getlazystate", "setstate"])
def test_state_is_shown_by_the_type_that_it_fits(name: str) -> None:
    path = f"conformance.v1.Account/decode/{name}"
    assert decoded(path, PARCEL) == PARCEL_JSON
    assert decoded(path, EntryList(texts=["a", "b"])) == {"texts": ["a", "b"]}


def test_state_that_fits_several_types_is_shown_as_each() -> None:
    path = "conformance.v1.Account/decode/getstate"
    assert decoded(path, EntryList(texts=["a"])) == {
        "one of": {
            "conformance.v1.EntryList": {"texts": ["a"]},
            "conformance.v1.Parcel": {"text": "a"},
        }
    }


def test_state_of_no_declared_type_is_shown_as_far_as_it_can_be() -> None:
    path = "conformance.v1.Account/decode/getstate"
    assert decoded(path, b"5") == 5
    assert decoded(path, b'{"some": ["json"]}') == {"some": ["json"]}
    assert decoded(path, b"\xff\xff") == "//8="


def test_state_of_a_newer_contract_is_shown_without_what_is_new() -> None:
    newer = PARCEL.SerializeToString() + b"\xf2\x01\x03new"  # field 30
    assert decoded("conformance.v1.Journey/decode/getstate", newer) == PARCEL_JSON


def test_state_is_written_as_the_type_that_the_json_fits() -> None:
    path = "conformance.v1.Account/encode/setstate"
    assert encoded(path, PARCEL_JSON) == PARCEL.SerializeToString()
    assert encoded(path, {"texts": ["a"]}) == EntryList(texts=["a"]).SerializeToString()
    assert encoded(path, {}) == b""


def test_state_is_not_written_as_what_it_may_not_be() -> None:
    path = "conformance.v1.Account/encode/setstate"
    assert refusal(path, b'{"textz": []}') == (
        "the JSON cannot be written, because it fits none of these types: conformance.v1.EntryList, "
        "conformance.v1.Parcel"
    )
    like_a_list = StateKey("like", type(EntryList()))
    two = ServiceDescriptor(
        "Two",
        ServiceKind.VIRTUAL_OBJECT,
        (),
        state=(like_a_list, StateKey("other", type(Parcel()))),
    )
    assert encoded("Two/encode/setstate", {"texts": ["a"]}, two)


def test_promises_and_signals_are_shown_by_their_types() -> None:
    for name in ("getpromise", "peekpromise", "completepromise", "signal"):
        assert decoded(f"conformance.v1.Journey/decode/{name}", PARCEL) == PARCEL_JSON


def test_what_no_contract_types_is_shown_by_the_numbers_of_its_fields() -> None:
    for name in ("run", "awakeable", "completeawakeable", "sendsignal"):
        path = f"conformance.v1.Journey/decode/{name}"
        assert decoded(path, Script(name="go", input=Parcel(number=7))) == {
            "1": "go",
            "2": {"2": 7},
        }
        assert decoded(path, b'"approved"') == "approved"


@pytest.mark.parametrize(
    ("path", "data", "problem"),
    [
        ("Perform/input", b"\xff", "conformance.v1.Script: not valid protobuf binary"),
        ("Perform/input", b"{", "conformance.v1.Script: not valid"),
    ],
)
def test_what_cannot_be_shown_says_why(path: str, data: bytes, problem: str) -> None:
    assert problem in refusal(f"conformance.v1.Clerk/decode/{path}", data)


@pytest.mark.parametrize("text", [b"", b"{", b'{"name": 5}', b"[]", b"\xff"])
def test_what_cannot_be_written_says_why(text: bytes) -> None:
    assert refusal("conformance.v1.Clerk/encode/Perform/input", text)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "conformance.v1.Clerk",
        "conformance.v1.Clerk/decode",
        "conformance.v1.Clerk/decode/",
        "conformance.v1.Clerk/decode/getstate",
        "conformance.v1.Clerk/explain/Perform/input",
        "conformance.v1.Clerk/decode/Perform",
        "conformance.v1.Other/decode/Perform/input",
    ],
)
def test_there_is_nothing_at_other_paths(path: str) -> None:
    assert preview(CLERK).find(path) is None


@given(st.binary())
def test_any_bytes_can_be_looked_at(data: bytes) -> None:
    json.loads(untyped_json(data))
    for name in ("getstate", "run"):
        decoded(f"conformance.v1.Account/decode/{name}", data)


def test_fields_by_number() -> None:
    parcel = Parcel(
        text="a", number=3, data=b"\xff\x00", counts={"x": 1}, parts=[Parcel(), Parcel()]
    )
    assert json.loads(untyped_json(google_codec(Parcel).to_binary(parcel))) == {
        "1": "a",
        "2": 3,
        "3": "/wA=",
        "4": {"1": "x", "2": 1},
        "7": ["", ""],
    }
