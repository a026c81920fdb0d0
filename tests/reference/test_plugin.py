"""`protoc-gen-restate-docs`: the pages from a request of protoc or buf."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.compiler import plugin_pb2

from restate_proto.cli.contracts import load_contract
from restate_proto.contract.problems import PluginError
from restate_proto.reference.html import render_html
from restate_proto.reference.markdown import render_markdown
from restate_proto.reference.plugin import generate
from tests.reference.calls import pages_of

if TYPE_CHECKING:
    from restate_proto.cli.contracts import Contract

SHOP = Path(__file__).parents[2] / "proto"


@pytest.fixture(scope="module")
def shop() -> Contract:
    return load_contract(SHOP)


def request(contract: Contract, parameter: str = "") -> plugin_pb2.CodeGeneratorRequest:
    return plugin_pb2.CodeGeneratorRequest(
        file_to_generate=contract.names,
        proto_file=contract.descriptors.protos.values(),
        parameter=parameter,
    )


def test_the_pages_are_those_of_the_command(shop: Contract) -> None:
    pages = pages_of(shop, "http://127.0.0.1:8080")
    markdown, html = render_markdown(pages), render_html(pages)
    assert generate(request(shop)) == markdown | html
    assert generate(request(shop, "format=both")) == markdown | html
    assert generate(request(shop, "format=markdown")) == markdown
    assert generate(request(shop, "format=html")) == html


def test_calls_import_the_packages_that_the_request_has(shop: Contract) -> None:
    managed = request(shop, "format=markdown,ingress_url=https://restate.acme.com")
    for file in managed.proto_file:
        file.options.java_package = f"com.acme.{file.package}"
        file.options.java_multiple_files = True
        file.options.go_package = f"acme.com/gen/{file.package.replace('.', '/')}"
    page = generate(managed)["shop/v1/cart.proto.md"]
    assert "import com.acme.shop.v1.AddTicketRequest;" in page
    assert "import com.acme.shop.v1.CartClient;" in page
    assert '"acme.com/gen/shop/v1"' in page
    assert "https://restate.acme.com/shop.v1.Cart/my-key/AddTicket" in page


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("format=pdf", 'format="pdf" is not a format; write one of markdown, html, both'),
        ("ingress_url=there", 'ingress_url="there" is not a URL; write one such as http://'),
        (
            "out=site",
            'unknown option "out"; the options are format=markdown|html|both, ingress_url=URL',
        ),
    ],
)
def test_options_are_checked(shop: Contract, parameter: str, text: str) -> None:
    with pytest.raises(PluginError) as caught:
        generate(request(shop, parameter))
    assert str(caught.value).startswith(text)


def test_the_rules_of_contracts_are_checked(shop: Contract) -> None:
    broken = request(shop)
    file = next(file for file in broken.proto_file if file.name == "shop/v1/cart.proto")
    file.service[0].method[0].client_streaming = True
    with pytest.raises(PluginError, match=r"^shop/v1/cart\.proto:.* streams"):
        generate(broken)


def test_the_script_answers_protoc(shop: Contract) -> None:
    command = [sys.executable, "-m", "restate_proto.reference.plugin"]
    asked = request(shop, "format=markdown").SerializeToString()
    done = subprocess.run(command, input=asked, capture_output=True, check=True)
    response = plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
    made = {file.name: file.content for file in response.file}
    assert made == generate(request(shop, "format=markdown"))
    done = subprocess.run([*command, "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(b"protoc-gen-restate-docs ")
