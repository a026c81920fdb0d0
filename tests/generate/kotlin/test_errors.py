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


def test_methods_that_become_the_same(compile_request: Compile) -> None:
    # Python tells these two apart: s3_upload and s3__upload.
    text = HEAD + CART.replace("rpc Add", "rpc S3Upload(M) returns (M);\n  rpc S3__Upload")
    assert error(compile_request, {"cart.proto": text}) == (
        'cart.proto:8:3: S3Upload and S3__Upload of shop.v1.Cart both become the method "s3Upload"; '
        "rename one, and keep its Restate name with option (restatepb.v1.handler).name"
    )


@pytest.mark.parametrize("name", ["CartBase", "CartClient", "CartHandlers"])
def test_a_message_that_is_called_like_a_generated_class(
    name: str, compile_request: Compile
) -> None:
    text = f"{HEAD}option java_multiple_files = true;\n{CART}message {name} {{}}\n"
    assert error(compile_request, {"cart.proto": text}) == (
        f"cart.proto:6:1: message shop.v1.{name} and service shop.v1.Cart both become the class "
        f"shop.v1.{name}; rename one of them, or write another java_package in the file of one"
    )
    nested = text.replace("option java_multiple_files = true;", "")
    assert generate(compile_request({"cart.proto": nested})), "inside of the file's class it may be"


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
