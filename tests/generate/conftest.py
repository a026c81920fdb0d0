"""Fixtures that run the plugin on contracts given as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from google.protobuf.compiler import plugin_pb2

from restate_proto.generate.plugin import run
from restate_proto.generate.python.generate import generate
from tests.protoc import compile_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.protoc import Answer, Compile


@pytest.fixture
def compile_request(tmp_path: Path) -> Compile:
    def compile_request(
        files: Mapping[str, str], *, parameter: str = "", only: str | None = None
    ) -> plugin_pb2.CodeGeneratorRequest:
        return compile_files(tmp_path, files, parameter, only)

    return compile_request


@pytest.fixture
def answer(compile_request: Compile) -> Answer:
    def answer(
        files: Mapping[str, str], *, parameter: str = "", only: str | None = None
    ) -> plugin_pb2.CodeGeneratorResponse:
        request = compile_request(files, parameter=parameter, only=only)
        return plugin_pb2.CodeGeneratorResponse.FromString(
            run(request.SerializeToString(), generate)
        )

    return answer
