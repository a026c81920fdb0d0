"""The Kotlin code of whole contracts, and that it does not depend on how the plugin is called."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.compiler import plugin_pb2

from restate_proto.generate.kotlin.generate import generate
from restate_proto.generate.plugin import run
from tests.generate.golden_cases import REPOSITORY, protos
from tests.generate.kotlin.cases import KOTLIN_CASES, check_expected, generate_case
from tests.protoc import compile_files

if TYPE_CHECKING:
    from tests.protoc import Compile


@pytest.mark.parametrize("name", KOTLIN_CASES)
def test_the_code_is_as_expected(name: str, tmp_path: Path) -> None:
    check_expected(name, generate_case(name, tmp_path))


@pytest.mark.parametrize("name", KOTLIN_CASES)
def test_a_file_at_a_time_gives_the_same_code(name: str, tmp_path: Path) -> None:
    case = KOTLIN_CASES[name]
    files = {path: (case / path).read_text() for path in protos(case)}
    together = generate(compile_files(tmp_path, files, "", None))
    alone: dict[str, str] = {}
    for path in files:
        made = generate(compile_files(tmp_path, files, "", path))
        assert not alone.keys() & made.keys(), "two runs of the plugin write the same file"
        alone |= made
    assert alone == together


def test_the_console_script_answers_protoc(compile_request: Compile) -> None:
    request = compile_request(
        {
            "one.proto": """
                syntax = "proto3";
                package one;
                import "restatepb/v1/options.proto";
                service One { option (restatepb.v1.service) = {}; rpc Do(M) returns (M); }
                message M {}
                """
        }
    ).SerializeToString()
    code = (
        f"import sys; sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / 'generated')!r}];"
        "from restate_proto.generate.__main__ import main_kotlin; main_kotlin()"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=request, capture_output=True, check=True)
    assert done.stdout == run(request, generate)
    response = plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
    assert [file.name for file in response.file] == ["one/OneRestate.kt"]
    done = subprocess.run([*command, "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(b"protoc-gen-kotlin-restate ")
