"""What Kotlin cannot express is an error of protoc's, with its place in the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.kotlin.generate import generate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.protoc import Compile

HEAD = """\
syntax = "proto3";
package shop.v1;
import "restatepb/v1/options.proto";
"""
CART = """
service Cart {
  option (restatepb.v1.service) = {};
  rpc Add(M) returns (M);
}
message M {}
"""


def error(compile_request: Compile, files: Mapping[str, str], parameter: str = "") -> str:
    with pytest.raises(PluginError) as caught:
        generate(compile_request(files, parameter=parameter))
    return str(caught.value)


def test_a_message_without_a_package_that_the_companion_hides(compile_request: Compile) -> None:
    text = HEAD.replace("package shop.v1;", "option java_multiple_files = true;")
    text += CART.replace("(M)", "(Companion)", 1) + "message Companion {}"
    assert error(compile_request, {"cart.proto": text}) == (
        "cart.proto:5:1: Cart uses Companion of cart.proto, which has no Java package, so that the "
        "Companion inside of generated classes hides it; write option java_package in cart.proto"
    )


def test_two_files_that_become_one(compile_request: Compile) -> None:
    package = 'option java_package = "com.acme";'
    text = error(
        compile_request,
        {
            "a/cart.proto": HEAD + package + CART,
            "b/cart.proto": HEAD.replace("shop.v1", "shop.v2") + package + CART,
        },
    )
    assert "a/cart.proto and b/cart.proto both become com/acme/CartRestate.kt" in text


def test_all_services_makes_the_others_plain_services(compile_request: Compile) -> None:
    text = HEAD + CART.replace("option (restatepb.v1.service) = {};", "")
    assert not generate(compile_request({"cart.proto": text}))
    made = generate(compile_request({"cart.proto": text}, parameter="all_services=true"))
    assert "ServiceType.SERVICE" in made["shop/v1/CartRestate.kt"]
