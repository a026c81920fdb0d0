"""Packages: any text to protoc, but only a name may get into Java, Kotlin and paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin

if TYPE_CHECKING:
    from restate_proto.generate.plugin import Generate
    from tests.protoc import Compile

pytestmark = pytest.mark.parametrize("generate", [generate_java, generate_kotlin])

CART = """\
    syntax = "proto3";
    package shop.v1;
    import "restatepb/v1/options.proto";
    option {option} = "{text}";
    service Cart {{ option (restatepb.v1.service) = {{}}; rpc Add(M) returns (M); }}
    message M {{}}
    """


@pytest.mark.parametrize("option", ["java_package", "java_outer_classname"])
@pytest.mark.parametrize(
    "text",
    [
        "a; class X {}",
        "a\\nclass X {}",
        "../../up",
        "/etc",
        "a..b",
        ".a",
        "a.",
        "a b",
        "a`b",
        "a-b",
    ],
)
def test_what_is_no_name(
    generate: Generate, compile_request: Compile, option: str, text: str
) -> None:
    request = compile_request({"cart.proto": CART.format(option=option, text=text)})
    with pytest.raises(PluginError) as caught:
        generate(request)
    assert str(caught.value).startswith(f"cart.proto: option {option} is '")
    assert "which is not a Java name; write one such as" in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_class_with_a_dollar_in_its_name(generate: Generate, compile_request: Compile) -> None:
    contract = CART.format(option="java_outer_classname", text="$Cart")
    code = "".join(generate(compile_request({"cart.proto": contract})).values())
    assert re.search(r"\badd\([^)]*[ `]\$Cart`?\.M[ ,)]", code.replace("request: ", "request : "))


@pytest.mark.parametrize("text", ["com.acme.shop_v1", "com.größe.$a", "in.import"])
def test_what_is_a_name(generate: Generate, compile_request: Compile, text: str) -> None:
    request = compile_request({"cart.proto": CART.format(option="java_package", text=text)})
    assert {path.rpartition("/")[0] for path in generate(request)} == {text.replace(".", "/")}
