"""Validation: an option turns it on, and it applies to handlers whose requests have rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.plugin import run
from tests.generate.languages import GO, JAVA, KOTLIN, LANGUAGES, TYPESCRIPT, Language
from tests.protoc import compile_files

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACT = Path(__file__).parents[1] / "validation/contract"
FILES = {
    path.relative_to(CONTRACT).as_posix(): path.read_text() for path in CONTRACT.rglob("*.proto")
}

# What says that the requests of a service's handler are validated.
VALIDATES = {
    JAVA: "{service}Handlers.{upper}.validating(RestateValidation::check).bind(",
    KOTLIN: "{service}Handlers.{upper}.validating(RestateValidation::check).bind(",
    GO: 'restateValidated("validated.v1.{service}/{rpc}", ',
    TYPESCRIPT: 'requests: new RequestRules("validated.v1.{service}", {{ {rpc}: ',
}

RAW = """
syntax = "proto3";
package raw.v1;
import "buf/validate/validate.proto";
import "google/protobuf/empty.proto";
import "google/protobuf/wrappers.proto";
import "restatepb/v1/options.proto";
service Scanner {
  option (restatepb.v1.service) = {};
  rpc Scan(google.protobuf.BytesValue) returns (google.protobuf.BytesValue) {
    option (restatepb.v1.handler) = { raw: { input: "image/*" } };
  }
  rpc Last(google.protobuf.Empty) returns (Scanned);
}
message Scanned {
  string name = 1 [(buf.validate.field).required = true];
}
"""

languages = pytest.mark.parametrize("language", LANGUAGES, ids=str)


def made(
    language: Language, folder: Path, *, validates: bool, files: Mapping[str, str] = FILES
) -> dict[str, str]:
    given = [part for part in language.parameter(files).split(",") if part != "validate=true"]
    parameter = ",".join(filter(None, [*given, "validate=true" if validates else ""]))
    return language.generate(compile_files(folder, files, parameter, None))


def has_validation(files: Mapping[str, str]) -> bool:
    words = ("protovalidate", "Validat", "RequestRules")
    return any(word in text for text in files.values() for word in words)


@languages
def test_requests_with_rules_are_validated(language: Language, tmp_path: Path) -> None:
    files = made(language, tmp_path, validates=True)
    code = "\n".join(files.values())
    for service, rpc, is_validated in (
        ("Signup", "Register", True),
        ("Signup", "Note", False),
        ("Wiki", "Write", True),
    ):
        text = VALIDATES[language].format(service=service, rpc=rpc, upper=rpc.upper())
        assert (text in code) is is_validated
    shared = ("/RestateValidation.", "/restate_validation.")
    assert len([path for path in files if any(name in path for name in shared)]) == 1


@languages
def test_without_the_option_nothing_needs_protovalidate(language: Language, tmp_path: Path) -> None:
    assert not has_validation(made(language, tmp_path, validates=False))


@languages
def test_a_package_without_rules_needs_no_check(language: Language, tmp_path: Path) -> None:
    assert not has_validation(
        made(language, tmp_path, validates=True, files=language.contracts("raw"))
    )


@languages
def test_raw_and_empty_requests_are_left_alone(language: Language, tmp_path: Path) -> None:
    """Even where a response of the service has rules."""
    assert not has_validation(
        made(language, tmp_path, validates=True, files={"raw/v1/raw.proto": RAW})
    )


@pytest.mark.parametrize("language", [JAVA, KOTLIN], ids=str)
def test_a_message_called_like_the_check_is_reported(language: Language, tmp_path: Path) -> None:
    text = FILES["validated/v1/wiki.proto"] + "\nmessage RestateValidation {}\n"
    text = text.replace(
        "package validated.v1;", "package validated.v1;\noption java_multiple_files = true;"
    )
    with pytest.raises(
        PluginError, match=r"both become the class validated\.v1\.RestateValidation"
    ):
        made(language, tmp_path, validates=True, files={"validated/v1/wiki.proto": text})


def test_rules_in_a_go_package_of_ones_own_are_reported(tmp_path: Path) -> None:
    """protovalidate has them in its own, and Go's protobuf panics if a file is registered twice."""
    files = {path: FILES[path] for path in ("validated/v1/wiki.proto",)}
    moved = f"{GO.parameter(files)},Mbuf/validate/validate.proto=example.com/buf/validate"
    without = moved.replace("validate=true,", "")
    assert GO.generate(compile_files(tmp_path / "without", files, without, None))
    with pytest.raises(PluginError) as caught:
        GO.generate(compile_files(tmp_path / "with", files, moved, None))
    assert str(caught.value) == (
        "validated/v1/wiki.proto:17:1: buf/validate/validate.proto has the Go package "
        "example.com/buf/validate, but protovalidate has its code as "
        "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate, and a Go program "
        "panics if it has a file twice; do not generate it, and with buf write "
        "`disable: [{path: buf/validate}]` below `managed`"
    )


@languages
def test_the_option_is_a_flag(language: Language, tmp_path: Path) -> None:
    request = compile_files(tmp_path, FILES, "validate=maybe", None)
    assert b'validate="maybe" is neither' in run(request.SerializeToString(), language.generate)
