"""Python names for proto names, and the names that Restate accepts."""

from __future__ import annotations

import ast
import builtins
import keyword

import pytest

from restate_proto.generate.names import constant_name, snake_case, unique_name
from restate_proto.generate.python.names import (
    class_names,
    descriptor_name,
    error_names,
    is_plain_name,
    method_name,
    module_name,
)
from restate_proto.model.kinds import ServiceKind


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("AddTicket", "add_ticket"),
        ("add_ticket", "add_ticket"),
        ("addTicket", "add_ticket"),
        ("GetHTTPStatus", "get_http_status"),
        ("HTTP", "http"),
        ("SHA256Sum", "sha256_sum"),
        ("GetV2", "get_v2"),
        ("S3Upload", "s3_upload"),
        ("ListIDs", "list_ids"),
        ("URLsOfUser", "urls_of_user"),
        ("Foo_Bar", "foo_bar"),
        ("Foo__Bar", "foo__bar"),
        ("X", "x"),
    ],
)
def test_snake_case(name: str, expected: str) -> None:
    assert snake_case(name) == expected


@pytest.mark.parametrize("name", [*keyword.kwlist, *keyword.softkwlist, *dir(builtins)])
def test_no_method_has_a_name_of_python(name: str) -> None:
    if name.islower():
        method = method_name(name, ServiceKind.SERVICE)
        assert method != name
        ast.parse(f"async def {method}(): pass")


@pytest.mark.parametrize("kind", ServiceKind)
@pytest.mark.parametrize("rpc", ["Send", "FromContext", "FromClient", "Timedelta", "Abc"])
def test_no_method_hides_what_generated_classes_need(rpc: str, kind: ServiceKind) -> None:
    assert method_name(rpc, kind) == f"{snake_case(rpc)}_"


@pytest.mark.parametrize("rpc", ["Submit", "Handle"])
def test_only_workflows_have_submit_and_handle(rpc: str) -> None:
    assert method_name(rpc, ServiceKind.WORKFLOW) == f"{rpc.lower()}_"
    assert method_name(rpc, ServiceKind.SERVICE) == rpc.lower()
    assert method_name(rpc, ServiceKind.VIRTUAL_OBJECT) == rpc.lower()


@pytest.mark.parametrize(
    ("rpc", "expected"),
    [("_call", "_call_"), ("_Send", "_send_"), ("__Mangled", "_mangled_"), ("_", "__")],
)
def test_a_method_with_a_leading_underscore_is_no_attribute_of_the_bases(
    rpc: str, expected: str
) -> None:
    assert method_name(rpc, ServiceKind.SERVICE) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tickets", "TICKETS"),
        ("email-confirmed", "EMAIL_CONFIRMED"),
        ("emailConfirmed", "EMAIL_CONFIRMED"),
        ("a/b.c d", "A_B_C_D"),
        ("2fa", "STATE_2FA"),
        ("_private", "PRIVATE"),
        ("été", "ÉTÉ"),
        ("\N{LATIN SMALL LIGATURE FI}x", "FIX"),
        ("--", None),
        ("", None),
        ("\N{SNOWMAN}", None),
    ],
)
def test_constants(name: str, expected: str | None) -> None:
    assert constant_name(name, "STATE") == expected
    assert expected is None or expected.isidentifier()


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("shop/v1/cart.proto", "shop.v1.cart_pb2"),
        ("top.proto", "top_pb2"),
        ("my-dir/my-file.proto", "my_dir.my_file_pb2"),
        ("a.b.proto", "a.b_pb2"),
    ],
)
def test_modules_are_where_protoc_puts_them(file: str, expected: str) -> None:
    assert module_name(file, "_pb2") == expected


def test_plain_names_are_those_of_pythons_syntax() -> None:
    assert is_plain_name("cart")
    assert is_plain_name("match")
    assert not is_plain_name("lambda")
    assert not is_plain_name("3d")


def test_unique_names_are_remembered() -> None:
    taken = {"a"}
    assert [unique_name("a", taken), unique_name("a", taken), unique_name("b", taken)] == [
        "a_",
        "a__",
        "b",
    ]


def test_classes_whose_names_meet_give_way_to_a_services_own() -> None:
    names = class_names(["Cart", "CartSend", "CartIngress", "CartIngressSend"])
    assert list(names[0]) == [
        "CartBase",
        "CartClient",
        "CartSendClient_",
        "CartIngressClient_",
        "CartIngressSendClient_",
        "CartSyncClient",
        "CartSyncSendClient",
    ]
    assert names[1].client == "CartSendClient"
    everything = [name for classes in names for name in classes]
    assert len(everything) == len(set(everything))


def test_no_class_or_constant_begins_with_two_underscores() -> None:
    names = class_names(["_Cart", "__Cart", "__"])
    assert [classes.base for classes in names] == ["_CartBase", "_Cart_Base", "_Base"]
    assert descriptor_name("Cart", "AddTicket") == "_CART_ADD_TICKET"
    assert descriptor_name("__Cart", "__Init__") == "_CART_INIT"
    assert descriptor_name("__", "Do") == "_DO"


def test_an_error_class_is_called_after_its_message() -> None:
    names = {
        ("SoldOut",): "SoldOutError",
        ("Cart", "Full"): "CartFullError",
        ("LockedError",): "LockedError",
        ("Error",): "Error",
        ("sold_out",): "sold_outError",
        ("__Private",): "PrivateError",
        ("_1",): "_1Error",
    }
    assert error_names(list(names)) == tuple(names.values())
    for name in names.values():
        ast.parse(f"class {name}: pass")


def test_error_classes_of_one_name_are_told_apart() -> None:
    messages = [("SoldOut",), ("_SoldOut",), ("Sold", "Out"), ("SoldOutError",)]
    assert error_names(messages) == (
        "SoldOutError",
        "SoldOutError_",
        "SoldOutError__",
        "SoldOutError___",
    )
