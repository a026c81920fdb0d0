"""Names that are words of a language or of generated code; javac and kotlinc check the rest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin
from restate_proto.generate.python.generate import generate as generate_python
from tests.generate.jvm_words import contracts

if TYPE_CHECKING:
    from restate_proto.generate.plugin import Generate
    from tests.protoc import Compile

HEAD = """\
syntax = "proto3";
package shop.v1;
import "restatepb/v1/options.proto";
message M { string x = 1; }
"""


def text(generate: Generate, compile_request: Compile, path: str, body: str) -> str:
    return generate(compile_request({"cart.proto": HEAD + body}))[path]


def test_java_calls_no_method_without_saying_whose_it_is(compile_request: Compile) -> None:
    # A call of `yield` without that is no call to Java.
    for path, code in generate_java(compile_request(contracts())).items():
        if path.endswith("Client.java"):
            called = re.findall(r"^ *(?:return )?(\w+)\((?!\) \{)", code, re.MULTILINE)
            assert set(called) <= {"connect", "fromClient"}, path


def test_kotlin_has_yield_in_backticks(compile_request: Compile) -> None:
    body = "service S { option (restatepb.v1.service) = {}; rpc Yield(M) returns (M); }"
    code = text(generate_kotlin, compile_request, "shop/v1/CartRestate.kt", body)
    assert "serviceObject::`yield`)" in code
    assert not re.search(r"\byield\((?<!`yield`\()", code)


@pytest.mark.parametrize("generate", [generate_java, generate_kotlin])
def test_what_has_no_name_in_python_alone_is_none_of_their_business(
    generate: Generate, compile_request: Compile
) -> None:
    files = contracts()
    request = compile_request({"words/case.proto": files["words/case.proto"]})
    assert "GET_URL" in "".join(generate(request).values())
    with pytest.raises(PluginError) as caught:
        generate_python(request)
    assert len(str(caught.value).split("\n")) == 2


@pytest.mark.parametrize(
    ("generate", "language"), [(generate_java, "Java"), (generate_kotlin, "Kotlin")]
)
def test_keys_that_have_one_name_or_none(
    generate: Generate, language: str, compile_request: Compile
) -> None:
    body = """service W {
  option (restatepb.v1.workflow) = {
    state: { name: "a-b" type: "shop.v1.M" }
    promise: { name: "aB" type: "shop.v1.M" }
    state: { name: "--" type: "shop.v1.M" }
  };
  rpc Run(M) returns (M);
}
"""
    with pytest.raises(PluginError) as caught:
        generate(compile_request({"cart.proto": HEAD + body}))
    assert str(caught.value) == (
        f'cart.proto:6:3: workflow shop.v1.W: state "--" has no letter or digit to make a '
        f"{language} name of; write a name with one\n"
        f'cart.proto:6:3: workflow shop.v1.W: state "a-b" and promise "aB" both become the '
        f'{language} name "A_B"; rename one of them'
    )


@pytest.mark.parametrize("generate", [generate_java, generate_kotlin])
@pytest.mark.parametrize(("message", "key"), [("ID", "id"), ("ADD", "x")])
def test_a_message_without_a_package_that_a_constant_hides(
    generate: Generate, message: str, key: str, compile_request: Compile
) -> None:
    text = f"""syntax = "proto3";
import "restatepb/v1/options.proto";
option java_multiple_files = true;
message {message} {{}}
service S {{
  option (restatepb.v1.object) = {{ state: {{ name: "{key}" type: "{message}" }} }};
  rpc Add({message}) returns ({message});
}}
"""
    with pytest.raises(PluginError) as caught:
        generate(compile_request({"s.proto": text}))
    assert str(caught.value) == (
        f"s.proto:5:1: S uses {message} of s.proto, which has no Java package, so that the "
        f"constant {message} of generated classes hides it; write option java_package in s.proto"
    )


def test_two_files_that_become_one_python_module(compile_request: Compile) -> None:
    body = "service S { option (restatepb.v1.service) = {}; rpc A(M) returns (M); }"
    files = {
        "a/my-cart.proto": HEAD.replace("shop", "one") + body,
        "a/my_cart.proto": HEAD.replace("shop", "two") + body,
    }
    with pytest.raises(PluginError) as caught:
        generate_python(compile_request(files))
    assert str(caught.value) == (
        "a/my_cart.proto:5:1: a/my-cart.proto and a/my_cart.proto both become the Python module "
        '"a.my_cart_restate"; rename one'
    )
    assert generate_java(compile_request(files))
