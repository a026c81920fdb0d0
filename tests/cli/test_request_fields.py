"""Requests as options of `restate-proto call`: the option of each field, and how its text is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer

from restate_proto.cli.contract_services import contract_services
from restate_proto.cli.request_fields import RequestField, request_fields, request_json
from restate_proto.cli.request_json import read_message

if TYPE_CHECKING:
    from restate_proto.model.codec import Codec

CONTRACT = """\
syntax = "proto3";
package t.v1;
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "restatepb/v1/options.proto";
service Orders {
  option (restatepb.v1.service) = {};
  rpc Place(Order) returns (Order);
  rpc Name(google.protobuf.StringValue) returns (google.protobuf.Int64Value);
}
enum Size { SIZE_UNSPECIFIED = 0; SIZE_BIG = 1; SIZE_SMALL = 2; }
message Order {
  string item_name = 1;
  int64 cents = 2;
  bool is_gift = 3;
  Size size = 4;
  double weight = 5;
  bytes picture = 6;
  repeated string tags = 7;
  repeated Size sizes = 8;
  Address address = 9;
  repeated Address others = 10;
  map<string, int32> counts = 11;
  map<int32, Address> by_floor = 12;
  google.protobuf.Duration hold = 13;
  google.protobuf.Timestamp at = 14;
  google.protobuf.Int64Value limit = 15;
  google.protobuf.BoolValue open = 16;
  google.protobuf.Value extra = 17;
  oneof payment { string card = 18; string voucher = 19; }
  Order parent = 20;
}
message Address { string street = 1; Town town = 2; }
message Town { string name = 1; repeated int32 zip_codes = 2; }
"""


@pytest.fixture(scope="module")
def codecs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Codec[Any]]:
    folder = tmp_path_factory.mktemp("proto")
    (folder / "orders.proto").write_text(CONTRACT, "utf-8")
    (service,) = contract_services(folder, ())
    return {handler.name: handler.request for handler in service.handlers}


@pytest.fixture(scope="module")
def fields(codecs: dict[str, Codec[Any]]) -> dict[str, RequestField]:
    return by_option(codecs["Place"])


def by_option(codec: Any) -> dict[str, RequestField]:
    found = request_fields(codec.new_google_message().DESCRIPTOR)
    return {field.option: field for field in found}


def test_every_field_is_an_option_and_those_of_messages_in_it(
    fields: dict[str, RequestField],
) -> None:
    assert [name for name in fields if not name.startswith("parent.")] == [
        *("item-name", "cents", "is-gift", "size", "weight", "picture", "tags", "sizes"),
        *("address", "address.street", "address.town", "address.town.name"),
        *("address.town.zip-codes", "others", "counts", "by-floor", "hold", "at", "limit"),
        *("open", "extra", "card", "voucher", "parent"),
    ]
    assert not [name for name in fields if name.startswith("parent.")]  # it is in itself
    assert [name for name, field in fields.items() if field.is_flag] == ["is-gift", "open"]
    assert fields["size"].choices == ("SIZE_UNSPECIFIED", "SIZE_BIG", "SIZE_SMALL")
    assert fields["counts"].metavar == "KEY=VALUE"
    assert fields["hold"].metavar == "DURATION"
    assert fields["limit"].metavar == "INTEGER"


@pytest.mark.parametrize(
    ("option", "texts", "value"),
    [
        ("item-name", ["A1"], {"itemName": "A1"}),
        ("cents", ["-5"], {"cents": "-5"}),
        ("size", ["SIZE_BIG"], {"size": "SIZE_BIG"}),
        ("size", ["big"], {"size": "SIZE_BIG"}),
        ("weight", ["1.5"], {"weight": 1.5}),
        ("picture", ["AAE="], {"picture": "AAE="}),
        ("tags", ["a", "b"], {"tags": ["a", "b"]}),
        ("sizes", ["big", "SIZE_SMALL"], {"sizes": ["SIZE_BIG", "SIZE_SMALL"]}),
        ("address", ['{"street": "Main"}'], {"address": {"street": "Main"}}),
        ("address.street", ["Main"], {"address": {"street": "Main"}}),
        ("address.town.zip-codes", ["1", "2"], {"address": {"town": {"zipCodes": [1, 2]}}}),
        ("others", ['{"street":"a"}', "{}"], {"others": [{"street": "a"}, {}]}),
        ("counts", ["a=1", "b=2"], {"counts": {"a": 1, "b": 2}}),
        ("by-floor", ['3={"street":"x"}'], {"byFloor": {"3": {"street": "x"}}}),
        ("hold", ["1m30s"], {"hold": "90s"}),
        ("hold", ["250ms"], {"hold": "0.250s"}),
        ("at", ["2026-11-29T12:00:00Z"], {"at": "2026-11-29T12:00:00Z"}),
        ("limit", ["7"], {"limit": "7"}),
        ("extra", ['[1, "x"]'], {"extra": [1, "x"]}),
    ],
)
def test_what_a_text_stands_for(
    codecs: dict[str, Codec[Any]],
    fields: dict[str, RequestField],
    option: str,
    texts: list[str],
    value: object,
) -> None:
    field = fields[option]
    text = json.dumps(request_json({}, [(field, [field.read(each) for each in texts])]))
    codec = codecs["Place"]
    assert json.loads(codec.to_json(read_message(codec, text))) == value


def test_options_win_over_what_is_there(fields: dict[str, RequestField]) -> None:
    base = {"itemName": "A1", "address": {"street": "Main", "town": {"name": "x"}}, "tags": ["a"]}
    given = [
        (fields["address.street"], ["Side"]),
        (fields["tags"], ["b"]),
        (fields["counts"], [("n", 1)]),
    ]
    assert request_json(base, given) == {
        "itemName": "A1",
        "address": {"street": "Side", "town": {"name": "x"}},
        "tags": ["b"],
        "counts": {"n": 1},
    }


def test_a_request_that_is_no_object(codecs: dict[str, Codec[Any]]) -> None:
    (field,) = by_option(codecs["Name"]).values()
    assert (field.option, field.metavar) == ("value", "TEXT")
    assert request_json({}, [(field, [field.read("Ada")])]) == "Ada"


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("cents", "many", "'many' is not an integer"),
        ("weight", "heavy", "'heavy' is not a number"),
        ("size", "huge", "'huge' is not one of SIZE_UNSPECIFIED, SIZE_BIG, SIZE_SMALL"),
        ("hold", "5", "'5' is not a duration"),
        ("counts", "a", "'a' is not KEY=VALUE"),
        ("counts", "a=b", "'b' is not an integer"),
        ("address", "Main", "'Main' is not JSON"),
    ],
)
def test_what_stands_for_nothing(
    fields: dict[str, RequestField], option: str, text: str, said: str
) -> None:
    with pytest.raises(typer.BadParameter, match=said) as error:
        fields[option].read(text)
    assert error.value.param_hint == f"--{option}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"itemNam": "x"}', r"Order has no field itemNam; did you mean itemName\?"),
        ('{"card": "1", "voucher": "2"}', "payment"),
        ('{"cents": 99999999999999999999}', "cents"),
        ('{"picture": "%"}', "picture"),
        ("[]", "expected an object"),
        ("{", "not JSON"),
    ],
)
def test_json_that_is_no_such_request(codecs: dict[str, Codec[Any]], text: str, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        read_message(codecs["Place"], text)
