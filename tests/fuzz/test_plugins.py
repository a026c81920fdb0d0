"""Plugins of protoc and of buf: any request is answered with files or findings, or with errors that
say where.

What is generated from has been compiled by protoc or buf, so most requests here are those of the
project's own contracts, changed somewhere.
"""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from google.protobuf.compiler import plugin_pb2
from hypothesis import given
from hypothesis import strategies as st

import restate_proto.generate.go.generate
import restate_proto.generate.java.generate
import restate_proto.generate.kotlin.generate
import restate_proto.generate.python.generate
import restate_proto.generate.typescript.generate
import restate_proto.reference.plugin
from restate_proto.buf_check.messages import CHECK, PLUGIN_RPC, message_class
from restate_proto.buf_check.rpc import answer
from restate_proto.contract.paths import printable
from restate_proto.generate.plugin import run
from tests.fuzz.contracts import changed_file
from tests.fuzz.examples import fuzz
from tests.fuzz.mutations import mutated
from tests.protoc import compile_files

if TYPE_CHECKING:
    from collections.abc import Iterable

PLUGINS = {
    "python": restate_proto.generate.python.generate.generate,
    "go": restate_proto.generate.go.generate.generate,
    "java": restate_proto.generate.java.generate.generate,
    "kotlin": restate_proto.generate.kotlin.generate.generate,
    "typescript": restate_proto.generate.typescript.generate.generate,
    "docs": restate_proto.reference.plugin.generate,
}
ROOT = Path(__file__).parents[2]
CONTRACTS = [
    "conformance/v1/conformance.proto",
    "conformance/v1/queue.proto",
    "shop/v1/checkout.proto",
]


class Requests(list[bytes]):
    """A list whose contents a report of a failure leaves out: hypothesis refuses to write so much."""

    def __repr__(self) -> str:
        return "requests"


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Requests:
    """A request for each contract."""
    found = Requests()
    for name in CONTRACTS:
        folder = tmp_path_factory.mktemp("contract")
        texts = {
            each.relative_to(ROOT / "proto").as_posix(): each.read_text()
            for each in (ROOT / "proto" / name).parent.glob("*.proto")
        }
        found.append(compile_files(folder, texts, "", name).SerializeToString())
    # Plugins load options when they first need them, which later requests are parsed with: what is
    # drawn may not depend on how many were played before.
    for generate in PLUGINS.values():
        for request in found:
            run(request, generate)
    return found


def changed(drawn: Random, data: bytes) -> plugin_pb2.CodeGeneratorRequest:
    """Return a request with one to four changes, in the files to generate and elsewhere."""
    request = plugin_pb2.CodeGeneratorRequest.FromString(data)
    for _ in range(drawn.randint(1, 4)):
        changed_file(drawn, drawn.choice([*request.proto_file, *[request.proto_file[-1]] * 6]))
    return request


_PLACE = re.compile(r"\.proto\b|option|request|proto path|generated file")


def check(name: str, request: bytes, files: Iterable[str] = ()) -> None:
    """Check an answer by what protoc and buf show of it.

    Args:
        name: the plugin.
        request: what it is asked.
        files: the paths of the request, which may be any text; errors say them as they can be shown.
    """
    response = plugin_pb2.CodeGeneratorResponse.FromString(run(request, PLUGINS[name]))
    if response.error:
        assert not response.file
        for line in response.error.splitlines():
            assert line.strip()
            assert _PLACE.search(line) or any(line.startswith(each) for each in files), line
    for file in response.file:
        if file.name.endswith(".py"):
            compile(file.content, file.name, "exec")


@pytest.mark.parametrize("name", PLUGINS)
@fuzz(cost=3)
@given(seed=st.integers(0, 2**64))
def test_a_contract_that_was_changed(name: str, requests: Requests, seed: int) -> None:
    # Drawn from a seed: descriptors are no values that hypothesis can tell from each other.
    drawn = Random(seed)
    request = changed(drawn, drawn.choice(requests))
    check(
        name,
        request.SerializePartialToString(),
        [printable(each.name) for each in request.proto_file],
    )


@pytest.mark.parametrize("name", PLUGINS)
@fuzz(cost=3)
@given(data=st.data())
def test_bytes_that_were_a_request(name: str, requests: Requests, data: st.DataObject) -> None:
    request = requests[data.draw(st.integers(0, len(requests) - 1))]
    check(name, data.draw(st.one_of(mutated(request), st.binary())))


def check_with_buf(request: bytes) -> None:
    """Check the answer of the check plugin by what buf shows of it."""
    response = message_class(PLUGIN_RPC, "Response")()
    response.ParseFromString(answer("/buf.plugin.check.v1.CheckService/Check", request))
    if response.HasField("error"):
        assert response.error.code == 3
        assert response.error.message.strip()
        return
    found = message_class(CHECK, "CheckResponse")()
    assert response.value.Unpack(found)
    for each in found.annotations:
        assert each.rule_id
        assert each.message.strip()


def asked_by_buf(
    new: plugin_pb2.CodeGeneratorRequest, old: plugin_pb2.CodeGeneratorRequest
) -> bytes:
    """Return the request that buf would make of two versions of a contract."""
    asked = message_class(CHECK, "CheckRequest")()
    for files, described in ((new, asked.file_descriptors), (old, asked.against_file_descriptors)):
        for each in files.proto_file:
            is_import = each.name not in files.file_to_generate
            described.add(
                is_import=is_import, file_descriptor_proto=each.SerializePartialToString()
            )
    request = message_class(PLUGIN_RPC, "Request")()
    request.value.Pack(asked)
    return request.SerializeToString()


@fuzz(cost=3)
@given(seed=st.integers(0, 2**64))
def test_two_versions_of_a_contract_for_buf(requests: Requests, seed: int) -> None:
    drawn = Random(seed)
    contract = drawn.choice(requests)
    check_with_buf(asked_by_buf(changed(drawn, contract), changed(drawn, contract)))


@fuzz(cost=3)
@given(data=st.data())
def test_bytes_that_were_a_request_of_buf(requests: Requests, data: st.DataObject) -> None:
    contract = plugin_pb2.CodeGeneratorRequest.FromString(
        requests[data.draw(st.integers(0, len(requests) - 1))]
    )
    request = asked_by_buf(contract, contract)
    check_with_buf(data.draw(st.one_of(mutated(request), st.binary())))
