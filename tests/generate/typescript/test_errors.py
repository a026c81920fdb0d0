"""What TypeScript cannot express is an error of protoc's, with its place in the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.typescript.generate import generate

if TYPE_CHECKING:
    from tests.protoc import Compile

HEAD = """\
syntax = "proto3";
package shop.v1;
import "restatepb/v1/options.proto";
message M {}
"""


def error(compile_request: Compile, text: str, parameter: str = "") -> str:
    with pytest.raises(PluginError) as caught:
        generate(compile_request({"cart.proto": HEAD + text}, parameter=parameter))
    return str(caught.value)


def test_a_service_that_is_called_like_what_another_has(compile_request: Compile) -> None:
    text = """\
service Cart {
  option (restatepb.v1.object) = { state: { name: "a" type: "shop.v1.M" } };
}
service CartStateKeys {
  option (restatepb.v1.service) = {};
}
"""
    assert error(compile_request, text) == (
        "cart.proto:8:1: object shop.v1.Cart and service shop.v1.CartStateKeys both become the "
        'TypeScript name "CartStateKeys"; rename one of them'
    )
    without_state = text.replace('state: { name: "a" type: "shop.v1.M" }', "")
    assert generate(compile_request({"cart.proto": HEAD + without_state}))


def test_an_error_that_is_called_like_a_service(compile_request: Compile) -> None:
    text = """\
service MError {
  option (restatepb.v1.service) = { error: { type: "shop.v1.M" code: 400 } };
}
"""
    assert error(compile_request, text) == (
        "cart.proto:6:3: service shop.v1.MError and error shop.v1.M both become the TypeScript "
        'name "MError"; rename one of them'
    )


def test_pieces_of_state_that_become_the_same(compile_request: Compile) -> None:
    text = """\
service Cart {
  option (restatepb.v1.object) = {
    state: { name: "last-seen" type: "shop.v1.M" }
    state: { name: "last_seen" type: "shop.v1.M" }
    state: { name: "!" type: "shop.v1.M" }
  };
}
"""
    assert error(compile_request, text) == (
        'cart.proto:6:3: object shop.v1.Cart: state "last-seen" and state "last_seen" both become '
        'the TypeScript name "lastSeen"; rename one of them\n'
        'cart.proto:6:3: object shop.v1.Cart: state "!" has no letter or digit to make a TypeScript '
        "name of; write a name with one"
    )


def test_state_and_a_signal_of_one_name_do_not_meet(compile_request: Compile) -> None:
    text = """\
service Cart {
  option (restatepb.v1.object) = {
    state: { name: "paid" type: "shop.v1.M" }
    signal: { name: "paid" type: "shop.v1.M" }
  };
}
"""
    assert generate(compile_request({"cart.proto": HEAD + text}))


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (
            "import_extension=mjs",
            'import_extension="mjs" is not one of js, ts, none; write import_extension=js',
        ),
        (
            "target=ts",
            (
                'unknown option "target"; the options are all_services=true|false, '
                "validate=true|false, import_extension=js|ts|none"
            ),
        ),
    ],
)
def test_options(parameter: str, expected: str, compile_request: Compile) -> None:
    assert error(compile_request, "", parameter) == expected


@pytest.mark.parametrize(("value", "ending"), [("js", ".js"), ("ts", ".ts"), ("none", "")])
def test_the_ending_of_imports(value: str, ending: str, compile_request: Compile) -> None:
    head = HEAD.replace("message M {}", 'import "buf/validate/validate.proto";')
    text = """
service Cart { option (restatepb.v1.service) = {}; rpc Add(M) returns (M); }
message M { string id = 1 [(buf.validate.field).required = true]; }
"""
    parameter = f"import_extension={value},validate=true"
    made = generate(compile_request({"shop/v1/cart.proto": head + text}, parameter=parameter))
    code = made["shop/v1/cart_restate.ts"]
    for module in ("cart_pb", "restate_serde", "restate_validation"):
        assert f'from "./{module}{ending}";' in code
    for module in ("restate_serde", "restate_errors"):
        assert f'from "./{module}{ending}";' in made["shop/v1/restate_validation.ts"]
