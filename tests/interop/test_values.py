"""The contract, the values that are sent, and how they are read."""

from __future__ import annotations

import math
import struct
from typing import Any

import pytest
from google.protobuf.json_format import Parse

from interop.cases import value_cases
from interop.cells import Cell
from interop.contract import Contract
from interop.reading import Difference, differences, read
from restate_proto.codec.google import google_codec

ALWAYS_THERE = 23  # the fields of Values that have no presence, and are no lists


@pytest.mark.parametrize(
    ("values", "entries"),
    [
        ({"int64_value": -(2**63)}, {"int64_value": "-9223372036854775808"}),
        ({"uint64_value": 2**64 - 1}, {"uint64_value": "18446744073709551615"}),
        ({"bool_value": True}, {"bool_value": "true"}),
        ({"double_value": -0.0}, {"double_value": "8000000000000000"}),
        ({"float_value": 1.5}, {"float_value": "3fc00000"}),
        ({"string_value": "é\0"}, {"string_value": "c3a900"}),
        ({"bytes_value": b"\0\xff"}, {"bytes_value": "00ff"}),
        ({"color": 99}, {"color": "99"}),
        ({"duration": {"seconds": -3, "nanos": -5}}, {"duration": "-3:-5"}),
        ({"timestamp": {}}, {"timestamp": "0:0"}),
        ({"empty": {}}, {"empty": "{}"}),
        ({"maybe_bool": False}, {"maybe_bool": "false"}),
        ({"wrapped_string": {}}, {"wrapped_string.value": ""}),
        ({"nested": {}}, {"nested.name": "", "nested.number": "0"}),
        ({"words": ["", "a"]}, {"words.size": "2", "words.0": "", "words.1": "61"}),
        ({"blobs": []}, {}),
        ({"flag_choice": False}, {"choice": "flag_choice", "flag_choice": "false"}),
        ({"empty_choice": {}}, {"choice": "empty_choice", "empty_choice": "{}"}),
        ({"value": {"null_value": 0}}, {"value.kind": "null_value", "value.null_value": "0"}),
        ({"struct": {}}, {"struct": "{}"}),
    ],
)
def test_a_reading_is_as_the_contract_describes_it(
    contract: Contract, values: dict[str, Any], entries: dict[str, str]
) -> None:
    reading = read(contract.values(**values))
    assert entries.items() <= reading.items()
    new = [path for path in entries if path not in read(contract.values())]
    assert len(reading) == ALWAYS_THERE + len(new)


def test_every_key_of_a_map_is_a_path(contract: Contract) -> None:
    values = contract.values()
    values.text_by_number[-1] = "a"
    values.bytes_by_flag[True] = b""
    values.nested_by_name["k"].number = 5
    reading = read(values)
    assert reading["text_by_number.size"] == "1"
    assert reading["text_by_number[-1]"] == "61"
    assert reading["bytes_by_flag[true]"] == ""
    assert reading["nested_by_name[6b].number"] == "5"


def test_every_nan_is_the_same(contract: Contract) -> None:
    odd = struct.unpack(">d", bytes.fromhex("fff0000000000001"))[0]
    for nan in (math.nan, -math.nan, odd):
        reading = read(contract.values(double_value=nan, float_value=nan))
        assert reading["double_value"] == "7ff8000000000000"
        assert reading["float_value"] == "7fc00000"


def test_differences_are_those_of_either_side() -> None:
    found = differences({"a": "1", "b": "2", "c": "3"}, {"a": "1", "b": "0", "d": "4"})
    assert found == [
        Difference("b", "2", "0"),
        Difference("c", "3", None),
        Difference("d", None, "4"),
    ]
    assert str(found[1]) == "c: nothing instead of 3"


def test_every_field_is_in_some_case(contract: Contract) -> None:
    sent: set[str] = set()
    for values in value_cases(contract.values).values():
        sent |= {field.name for field, _ in values.ListFields()}
    assert sent == {field.name for field in contract.values.DESCRIPTOR.fields}


def test_python_reads_every_case_as_it_was_written(contract: Contract) -> None:
    codec = google_codec(contract.values)
    for case, values in value_cases(contract.values).items():
        assert read(codec.from_binary(codec.to_binary(values))) == read(values), case
        assert read(codec.from_json(codec.to_json(values))) == read(values), case


def test_a_request_says_which_cell_it_is_for(contract: Contract) -> None:
    values = contract.values(words=["a"])
    cell = Cell("java", "typescript", "json", "workflow", "send")
    assert contract.request(cell, "k", values) == Parse(
        """{"callee": "LANGUAGE_TYPESCRIPT", "kind": "KIND_WORKFLOW", "mode": "MODE_SEND",
            "encoding": "ENCODING_JSON", "key": "k", "values": {"words": ["a"]}}""",
        contract.call_request(),
    )


def test_tomorrows_contract_has_more(contract: Contract) -> None:
    tomorrow = contract.of_tomorrow()
    sent = tomorrow.values(of_tomorrow="new", color="COLOR_INFRARED", nested={"of_tomorrow": "new"})
    today = contract.values.FromString(sent.SerializeToString())
    assert "of_tomorrow" not in read(today)
    assert read(today)["color"] == "7"
    assert tomorrow.values.FromString(today.SerializeToString()) == sent
