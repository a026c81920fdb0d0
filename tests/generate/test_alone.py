"""One file at a time, as build systems call the plugin: the code is that of all files together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.compiler import plugin_pb2

from restate_proto.generate.python.generate import generate
from tests.generate.golden_cases import CASES, parameter, protos

if TYPE_CHECKING:
    from tests.protoc import Compile


def alone(request: plugin_pb2.CodeGeneratorRequest, name: str) -> plugin_pb2.CodeGeneratorRequest:
    """Return the request of one file, with nothing in it that the file does not import."""
    files = {file.name: file for file in request.proto_file}
    needed: set[str] = set()
    waiting = [name]
    while waiting:
        file = files[waiting.pop()]
        needed.add(file.name)
        waiting += file.dependency
    return plugin_pb2.CodeGeneratorRequest(
        file_to_generate=[name],
        parameter=request.parameter,
        proto_file=[file for file in request.proto_file if file.name in needed],
    )


@pytest.mark.parametrize("name", CASES)
def test_each_file_alone_gives_the_expected_code(name: str, compile_request: Compile) -> None:
    case = CASES[name]
    texts = {proto: (case / proto).read_text() for proto in protos(case)}
    request = compile_request(texts, parameter=parameter(case))
    made: dict[str, str] = {}
    for proto in texts:
        made |= generate(alone(request, proto))
    expected = case / "expected"
    assert made == {
        path.relative_to(expected).as_posix(): path.read_text()
        for path in expected.rglob("*_restate.py")
    }
