"""Validation: an option turns it on, and it applies to handlers whose requests have rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from restate_proto.contract.problems import PluginError
from restate_proto.generate.plugin import run
from tests.generate.languages import JAVA, KOTLIN, Language
from tests.protoc import compile_files

if TYPE_CHECKING:
    from collections.abc import Mapping

CONTRACT = Path(__file__).parents[2] / "validation/contract"
FILES = {
    path.relative_to(CONTRACT).as_posix(): path.read_text() for path in CONTRACT.rglob("*.proto")
}

languages = pytest.mark.parametrize("language", [JAVA, KOTLIN], ids=str)


def made(
    language: Language, folder: Path, parameter: str, files: Mapping[str, str] = FILES
) -> dict[str, str]:
    return language.generate(compile_files(folder, files, parameter, None))


@languages
def test_requests_with_rules_are_validated(language: Language, tmp_path: Path) -> None:
    files = made(language, tmp_path, "validate=true")
    code = "\n".join(files.values())
    for constant, is_validated in (
        ("SignupHandlers.REGISTER", True),
        ("SignupHandlers.NOTE", False),
        ("WikiHandlers.WRITE", True),
    ):
        validating = f"{constant}.validating(RestateValidation::check).bind("
        assert (validating in code) is is_validated
    assert len([path for path in files if "/RestateValidation." in path]) == 1


@languages
def test_without_the_option_nothing_needs_protovalidate(language: Language, tmp_path: Path) -> None:
    files = made(language, tmp_path, "")
    assert not [path for path, text in files.items() if "build.buf" in text or "RestateVal" in text]


@languages
def test_a_package_without_rules_needs_no_check(language: Language, tmp_path: Path) -> None:
    files = made(language, tmp_path, "validate=true", language.contracts("raw"))
    assert not [path for path in files if "RestateValidation" in path]


@languages
def test_a_message_called_like_the_check_is_reported(language: Language, tmp_path: Path) -> None:
    text = FILES["validated/v1/wiki.proto"] + "\nmessage RestateValidation {}\n"
    text = text.replace(
        "package validated.v1;", "package validated.v1;\noption java_multiple_files = true;"
    )
    with pytest.raises(
        PluginError, match=r"both become the class validated\.v1\.RestateValidation"
    ):
        made(language, tmp_path, "validate=true", {"validated/v1/wiki.proto": text})


@languages
def test_the_option_is_a_flag(language: Language, tmp_path: Path) -> None:
    request = compile_files(tmp_path, FILES, "validate=maybe", None)
    assert b'validate="maybe" is neither' in run(request.SerializeToString(), language.generate)
