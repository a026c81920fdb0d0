"""The code of whole contracts, which does not depend on how the plugin is called."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from google.protobuf.compiler import plugin_pb2

from restate_proto.generate.plugin import run
from tests.generate.golden_cases import REPOSITORY
from tests.generate.languages import LANGUAGE_CASES, LANGUAGES, Language
from tests.protoc import compile_files

if TYPE_CHECKING:
    from pathlib import Path

    from tests.protoc import Compile


@pytest.mark.parametrize(("language", "case"), LANGUAGE_CASES, ids=str)
def test_the_code_is_as_expected(language: Language, case: str, tmp_path: Path) -> None:
    files = language.contracts(case)
    request = compile_files(tmp_path, files, language.parameter(files), None)
    language.check(case, language.generate(request))


@pytest.mark.parametrize(("language", "case"), LANGUAGE_CASES, ids=str)
def test_a_file_at_a_time_gives_the_same_code(
    language: Language, case: str, tmp_path: Path
) -> None:
    files = language.contracts(case)
    together = language.generate(compile_files(tmp_path, files, language.parameter(files), None))
    alone: dict[str, str] = {}
    for path in files:
        made = language.generate(compile_files(tmp_path, files, language.parameter(files), path))
        for name in alone.keys() & made.keys():
            assert re.search(
                "/(Restate(Handler|Keys|Validation)|restate_(codec|serde|keys|errors|validation|.*_error))[.]|Exception[.]",
                name,
            ), "two runs of the plugin write the same file"
            assert alone[name] == made[name]
        alone |= made
    assert alone == together


@pytest.mark.parametrize("language", LANGUAGES, ids=str)
def test_the_console_script_answers_protoc(language: Language, compile_request: Compile) -> None:
    files = {
        "one.proto": """
            syntax = "proto3";
            package one;
            import "restatepb/v1/options.proto";
            service One { option (restatepb.v1.service) = {}; rpc Do(M) returns (M); }
            message M {}
            """
    }
    request = compile_request(files, parameter=language.parameter(files)).SerializeToString()
    script = language.script.__name__
    code = (
        f"import sys; sys.path[:0] = [{str(REPOSITORY)!r}, {str(REPOSITORY / 'generated')!r}];"
        f"from restate_proto.generate.__main__ import {script}; {script}()"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=request, capture_output=True, check=True)
    assert done.stdout == run(request, language.generate)
    response = plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
    assert [file.name for file in response.file] == list(language.one)
    done = subprocess.run([*command, "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(f"protoc-gen-{language}-restate ".encode())
