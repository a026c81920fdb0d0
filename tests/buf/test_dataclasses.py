"""docs/contract.md: its steps for dataclass messages with buf are followed as written."""

from __future__ import annotations

import re

import pytest

from tests.buf.project import ROOT, Project

PAGE = ROOT / "docs" / "contract.md"
USE = """
from gen.cart.v1 import AddRequest, Tickets
from gen.cart.v1.cart_restate import CartBase
from gen.money.v1 import Money
from restate_proto.codec.registry import codec_for

(add,) = CartBase.__restate_service__.handlers
print(add.request.to_json(AddRequest(customer="ada", price=Money(cents=2**60))).decode())
print(CartBase.TICKETS.type is Tickets, codec_for(Money).full_name, add.response.is_empty)
"""


def template(library: str) -> str:
    """The buf.gen.yaml of the page, for a library."""
    found = re.search(
        r"^```yaml\n(# buf\.gen\.yaml\n.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    text = found[1]
    if library == "betterproto":
        text = text.replace("protoc-gen-python_betterproto2", "protoc-gen-python_betterproto")
        text = text.replace("    opt: client_generation=none\n", "").replace(
            "=betterproto2", "=betterproto"
        )
    return text


@pytest.mark.parametrize("library", ["betterproto", "betterproto2"])
def test_buf_generates_what_can_be_used(library: str, project: Project) -> None:
    (project.directory / "proto/till/v1/till.proto").unlink()  # of an edition: buf refuses it
    project.write({"buf.gen.yaml": template(library)})
    project.run("buf", "generate")
    assert not [name for name in project.files("gen") if name.startswith("restatepb")]
    assert project.run("python", "-c", USE) == (
        '{"customer":"ada","price":{"cents":"1152921504606846976"}}\nTrue money.v1.Money True\n'
    )
