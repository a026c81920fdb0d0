"""What Java cannot express is an error of protoc's, with its place in the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.java.generate import generate

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


def test_a_file_whose_class_is_called_like_a_generated_one(compile_request: Compile) -> None:
    text = error(compile_request, {"cart_client.proto": HEAD + CART})
    assert "file cart_client.proto and service shop.v1.Cart both become the class" in text


def test_services_of_two_packages_in_one_java_package(compile_request: Compile) -> None:
    package = 'option java_package = "com.acme";'
    text = error(
        compile_request,
        {
            "a.proto": HEAD + package + CART,
            "b.proto": HEAD.replace("shop.v1", "shop.v2") + package + CART,
        },
    )
    assert text == (
        "b.proto:5:1: service shop.v1.Cart and service shop.v2.Cart both become the class "
        "com.acme.CartBase; rename one of them, or write another java_package in the file of one"
    )


def test_the_rules_of_contracts_are_the_same_as_pythons(compile_request: Compile) -> None:
    text = error(compile_request, {"cart.proto": HEAD + CART.replace("(M)", "(stream M)", 1)})
    assert text.startswith("cart.proto:7:3: Add of service shop.v1.Cart streams")


def test_all_services_makes_the_others_plain_services(compile_request: Compile) -> None:
    text = HEAD + CART.replace("option (restatepb.v1.service) = {};", "")
    assert not generate(compile_request({"cart.proto": text}))
    made = generate(compile_request({"cart.proto": text}, parameter="all_services=true"))
    assert "ServiceType.SERVICE" in made["shop/v1/CartHandlers.java"]
