"""What Go cannot express is an error of protoc's, with its place in the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.go.generate import generate

if TYPE_CHECKING:
    from tests.protoc import Compile

HEAD = """\
syntax = "proto3";
package shop.v1;
import "restatepb/v1/options.proto";
option go_package = "example.com/shop/v1;shopv1";
message M {}
"""


def error(compile_request: Compile, text: str, parameter: str = "") -> str:
    with pytest.raises(PluginError) as caught:
        generate(compile_request({"cart.proto": HEAD + text}, parameter=parameter))
    return str(caught.value)


def test_a_service_that_has_a_name_of_another(compile_request: Compile) -> None:
    text = """\
service Cart {
  option (restatepb.v1.object) = {};
}
service cart {
  option (restatepb.v1.service) = {};
}
"""
    assert error(compile_request, text) == (
        "cart.proto:9:1: object shop.v1.Cart and service shop.v1.cart both become the Go name "
        '"CartServer"; rename one of them'
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "message CartClient {}",
            (
                "message shop.v1.CartClient and object shop.v1.Cart both become "
                'the Go name "CartClient"'
            ),
        ),
        ("message New { message Cart {} } enum NewCart { Client = 0; }", None),
        ("enum E { E_ZERO = 0; } message CartStateKeys {}", None),
        (
            "enum CartServer { ZERO = 0; }",
            'enum shop.v1.CartServer and object shop.v1.Cart both become the Go name "CartServer"',
        ),
        ("message WithProto {}", None),
    ],
)
def test_a_message_that_has_a_name_of_a_service(
    text: str, found: str | None, compile_request: Compile
) -> None:
    service = "service Cart { option (restatepb.v1.object) = {}; }\n"
    if found is None:
        assert generate(compile_request({"cart.proto": HEAD + service + text}))
    else:
        assert error(compile_request, service + text) == (
            f"cart.proto:6:1: {found}; rename one of them"
        )


def test_handlers_of_one_name(compile_request: Compile) -> None:
    text = """\
service Signup {
  option (restatepb.v1.workflow) = {};
  rpc Run(M) returns (M);
  rpc run_(M) returns (M);
  rpc look(M) returns (M);
  rpc Look(M) returns (M);
  rpc RunHandle(M) returns (M);
}
"""
    assert error(compile_request, text) == (
        'cart.proto:11:3: workflow shop.v1.Signup: look and Look both become the Go name "Look"; '
        "rename one of them\n"
        "cart.proto:12:3: workflow shop.v1.Signup: the handle of Run and RunHandle both become the "
        'Go name "RunHandle"; rename one of them'
    )


def test_pieces_of_state_that_become_the_same(compile_request: Compile) -> None:
    text = """\
service Cart {
  option (restatepb.v1.object) = {
    state: { name: "last-seen" type: "shop.v1.M" }
    state: { name: "lastSeen" type: "shop.v1.M" }
    state: { name: "!" type: "shop.v1.M" }
    state: { name: "\u7968" type: "shop.v1.M" }
    state: { name: "\u3007" type: "shop.v1.M" }
  };
}
"""
    assert error(compile_request, text) == (
        'cart.proto:7:3: object shop.v1.Cart: state "last-seen" and state "lastSeen" both become '
        'the Go name "LastSeen"; rename one of them\n'
        'cart.proto:7:3: object shop.v1.Cart: state "!" has no letter or digit to make a Go name of; '
        "write a name with one\n"
        'cart.proto:7:3: object shop.v1.Cart: state "\u3007" has no letter or digit to make a Go '
        "name of; write a name with one"
    )


def test_a_contract_without_a_package(compile_request: Compile) -> None:
    text = HEAD.replace("option go_package", "// option go_package")
    files = {
        "shop/m.proto": text,
        "shop/cart.proto": text.replace("message M {}", 'import "shop/m.proto";')
        + "service Cart { option (restatepb.v1.service) = {}; rpc Add(M) returns (M); }",
    }
    with pytest.raises(PluginError) as caught:
        generate(compile_request(files, only="shop/cart.proto"))
    assert str(caught.value) == "\n".join(
        f"shop/cart.proto:6:1: {path} has no Go package; write "
        f'option go_package = "example.com/shop"; in it, '
        f"or give protoc --go-restate_opt=M{path}=IMPORT_PATH"
        for path in ("shop/cart.proto", "shop/m.proto")
    )


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (
            "paths=relative",
            'paths="relative" is not one of import, source_relative; write paths=source_relative',
        ),
        (
            "paths=source_relative,module=example.com",
            "module= works only with paths=import; remove one of them",
        ),
        (
            "module=example.org",
            (
                "cart.proto is of the Go package example.com/shop/v1, which is not in the module "
                "example.org; correct go_package or module="
            ),
        ),
        (
            "plugins=grpc",
            (
                'unknown option "plugins"; the options are all_services=true|false, '
                "validate=true|false, paths=import|source_relative, module=PREFIX, "
                "M<path of a .proto file>=IMPORT_PATH"
            ),
        ),
    ],
)
def test_options(parameter: str, expected: str, compile_request: Compile) -> None:
    text = "service Cart { option (restatepb.v1.service) = {}; }"
    assert error(compile_request, text, parameter) == expected


@pytest.mark.parametrize(
    ("parameter", "path", "package"),
    [
        ("", "example.com/shop/v1/cart_restate.pb.go", "shopv1"),
        ("paths=source_relative", "cart_restate.pb.go", "shopv1"),
        ("module=example.com/shop", "v1/cart_restate.pb.go", "shopv1"),
        ("Mcart.proto=example.com/cart", "example.com/cart/cart_restate.pb.go", "shopv1"),
        ("Mcart.proto=example.com/cart;other", "example.com/cart/cart_restate.pb.go", "other"),
    ],
)
def test_where_code_goes(parameter: str, path: str, package: str, compile_request: Compile) -> None:
    """Files go where protoc-gen-go puts its own."""
    text = HEAD + "service Cart { option (restatepb.v1.service) = {}; }"
    made = generate(compile_request({"cart.proto": text}, parameter=parameter))
    assert f"\npackage {package}\n" in made[path]


@pytest.mark.parametrize(
    ("path", "package"),
    [("example.com/shop-v1.x", "shop_v1_x"), ("example.com/func", "_func"), ("a/1st", "_1st")],
)
def test_what_a_package_is_called(path: str, package: str, compile_request: Compile) -> None:
    head = HEAD.replace("example.com/shop/v1;shopv1", path)
    text = head + "service Cart { option (restatepb.v1.service) = {}; }"
    made = generate(compile_request({"cart.proto": text}))
    assert f"\npackage {package}\n" in made[f"{path}/cart_restate.pb.go"]
