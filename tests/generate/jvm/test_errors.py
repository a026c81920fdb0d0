"""What neither JVM language can express is an error of protoc's, with its place in the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.generate.plugin import Generate
    from tests.protoc import Compile

pytestmark = pytest.mark.parametrize("generate", [generate_java, generate_kotlin])

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


def error(
    generate: Generate, compile_request: Compile, files: Mapping[str, str], parameter: str = ""
) -> str:
    with pytest.raises(PluginError) as caught:
        generate(compile_request(files, parameter=parameter))
    return str(caught.value)


def test_a_message_without_a_package(generate: Generate, compile_request: Compile) -> None:
    files = {
        "bare.proto": 'syntax = "proto3"; message Bare {}',
        "cart.proto": HEAD
        + 'import "bare.proto";'
        + CART.replace("(M) returns", "(.Bare) returns"),
    }
    assert error(generate, compile_request, files) == (
        "cart.proto:5:1: shop.v1.Cart uses Bare of bare.proto, which has no Java package, so that "
        "code in a package cannot name it; write option java_package in bare.proto"
    )
    files["bare.proto"] += '\noption java_package = "com.bare";'
    assert generate(compile_request(files))


@pytest.mark.parametrize("name", ["ContextClient", "IngressClient", "Metadata", "Send"])
def test_a_message_without_a_package_that_generated_code_hides(
    name: str, generate: Generate, compile_request: Compile
) -> None:
    text = HEAD.replace("package shop.v1;", "option java_multiple_files = true;")
    text += CART.replace("(M)", f"({name})", 1) + f"message {name} {{}}"
    assert error(generate, compile_request, {"cart.proto": text}) == (
        f"cart.proto:5:1: Cart uses {name} of cart.proto, which has no Java package, so that the "
        f"{name} inside of generated classes hides it; write option java_package in cart.proto"
    )
    text += '\noption java_package = "com.shop";'
    assert generate(compile_request({"cart.proto": text}))


def test_a_message_that_is_called_like_the_class_of_a_package_s_handlers(
    generate: Generate, compile_request: Compile
) -> None:
    text = f"{HEAD}option java_multiple_files = true;{CART}message RestateHandler {{}}"
    assert error(generate, compile_request, {"cart.proto": text}) == (
        "cart.proto:5:1: message shop.v1.RestateHandler and file cart.proto both become the class "
        "shop.v1.RestateHandler; rename one of them, or write another java_package in the file of "
        "one"
    )


def test_all_that_is_wrong_is_said_at_once(generate: Generate, compile_request: Compile) -> None:
    streams = CART.replace("(M)", "(stream M)", 1)
    text = error(
        generate,
        compile_request,
        {"cart.proto": f"{HEAD}option java_multiple_files = true;{streams}message CartBase {{}}"},
    )
    assert "Add of service shop.v1.Cart streams" in text
    assert "both become the class shop.v1.CartBase" in text


def test_options_are_checked(generate: Generate, compile_request: Compile) -> None:
    text = error(generate, compile_request, {"cart.proto": HEAD + CART}, "messages=protobuf")
    assert (
        text
        == 'unknown option "messages"; the options are all_services=true|false, validate=true|false'
    )


def test_two_constants_of_one_name(generate: Generate, compile_request: Compile) -> None:
    contract = f"""{HEAD}
    service Cart {{
      option (restatepb.v1.object) = {{
        key: {{ type: "shop.v1.M" format: "{{a_b}}/{{A_b}}" }}
        state: {{ name: "key" type: "shop.v1.M" }}
      }};
      rpc Add(M) returns (M);
    }}
    message M {{
      string a_b = 1 [(restatepb.v1.awakeable).type = "shop.v1.M"];
      string A_b = 2 [(restatepb.v1.awakeable).type = "shop.v1.M"];
    }}
    """
    first, second = error(generate, compile_request, {"cart.proto": contract}).split("\n")
    assert 'state "key" and the type of the key both become the ' in first
    assert "a_b and A_b of shop.v1.M, awakeables, both become the " in second


def test_errors_that_give_one_class(generate: Generate, compile_request: Compile) -> None:
    one = CART.replace("= {}", '= { error: { type: "shop.v1.M" code: 409 } }')
    other = """
        service Shelf {
          option (restatepb.v1.object) = {
            error: { type: "shop.v1.M" code: 409 }
            error: { type: "shop.v2.M" code: 410 }
          };
          rpc Take(M) returns (M);
        }
        """
    files = {
        "cart.proto": HEAD + one,
        "shelf.proto": HEAD + 'import "cart.proto"; import "v2.proto";' + other,
        "v2.proto": 'syntax = "proto3"; package shop.v2; message M {}',
    }
    # That of the one message may be declared by as many files as want it.
    assert error(generate, compile_request, files) == (
        "shelf.proto:6:11: error shop.v1.M and error shop.v2.M both become the class "
        "shop.v1.MException; rename one of them, or write another java_package in the file of one"
    )


def test_an_error_whose_class_a_message_has(generate: Generate, compile_request: Compile) -> None:
    head = HEAD + "option java_multiple_files = true;\nmessage MException {}\n"
    cart = CART.replace("= {}", '= { error: { type: "shop.v1.M" code: 409 } }')
    text = error(generate, compile_request, {"cart.proto": head + cart})
    assert "message shop.v1.MException and error shop.v1.M both become the class" in text


def test_methods_that_become_the_same(generate: Generate, compile_request: Compile) -> None:
    # Python tells these two apart: s3_upload and s3__upload.
    text = HEAD + CART.replace("rpc Add", "rpc S3Upload(M) returns (M);\n  rpc S3__Upload")
    assert error(generate, compile_request, {"cart.proto": text}) == (
        'cart.proto:8:3: S3Upload and S3__Upload of shop.v1.Cart both become the method "s3Upload"; '
        "rename one, and keep its Restate name with option (restatepb.v1.handler).name"
    )


@pytest.mark.parametrize("name", ["CartBase", "CartClient", "CartHandlers"])
def test_a_message_that_is_called_like_a_generated_class(
    name: str, generate: Generate, compile_request: Compile
) -> None:
    text = f"{HEAD}option java_multiple_files = true;\n{CART}message {name} {{}}\n"
    assert error(generate, compile_request, {"cart.proto": text}) == (
        f"cart.proto:6:1: message shop.v1.{name} and service shop.v1.Cart both become the class "
        f"shop.v1.{name}; rename one of them, or write another java_package in the file of one"
    )
    nested = text.replace("option java_multiple_files = true;", "")
    assert generate(compile_request({"cart.proto": nested})), "inside of the file's class it may be"
