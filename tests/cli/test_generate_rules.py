"""`restate-proto generate` provides the files that contracts with rules need."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from restate_proto.cli.generate import generate
from restate_proto.cli.protoc import ContractError
from restate_proto.rules import rules_file
from tests.validation.generated import CONTRACT

if TYPE_CHECKING:
    from pathlib import Path

MODULE = "buf/validate/validate_pb2.py"


def names(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*.py*")}


@pytest.mark.parametrize("prefix", ["", "acme.gen"])
def test_the_module_of_the_options_is_generated_too(tmp_path: Path, prefix: str) -> None:
    out = tmp_path.joinpath(*prefix.split("."))
    generate(CONTRACT, out, import_prefix=prefix)
    assert {MODULE, f"{MODULE}i", "validated/v1/signup_restate.py"} <= names(out)
    module = f"{prefix}.validated.v1.signup_restate".removeprefix(".")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"from {module} import SignupBase\n"
        f"import {prefix}{'.' if prefix else ''}buf.validate.validate_pb2 as rules\n"
        "assert rules.FieldRules.DESCRIPTOR.full_name == 'buf.validate.FieldRules'\n"
        "service = SignupBase.__restate_service__\n"
        "assert service.handlers[0].request.json_schema()['properties']['name']['minLength'] == 2\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("library", ["betterproto", "betterproto2"])
def test_dataclasses_need_no_module(tmp_path: Path, library: str) -> None:
    generate(CONTRACT, tmp_path, messages=library)
    assert not any(name.startswith("buf/") for name in names(tmp_path))


def test_a_contract_without_rules_gets_no_module(tmp_path: Path) -> None:
    proto = tmp_path / "proto"
    proto.mkdir()
    (proto / "a.proto").write_text('syntax = "proto3"; package a; message A {}')
    generate(proto, tmp_path / "out")
    assert names(tmp_path / "out") == {"a_pb2.py", "a_pb2.pyi"}


def test_without_protovalidate_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restate_proto.cli.protoc.has_protovalidate", lambda: False)
    with pytest.raises(ContractError, match=r"restate-proto\[validate\].*--include"):
        generate(CONTRACT, tmp_path)


def test_a_file_of_the_contract_s_own_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is vendored, and has nothing but what the contract uses."""
    include = tmp_path / "include" / "buf" / "validate"
    include.mkdir(parents=True)
    (include / "validate.proto").write_text(
        'syntax = "proto2"; package buf.validate; import "google/protobuf/descriptor.proto";\n'
        "extend google.protobuf.FieldOptions { optional Own field = 1159; }\n"
        "message Own { optional bool required = 25; }\n"
    )
    proto = tmp_path / "proto"
    proto.mkdir()
    (proto / "a.proto").write_text(
        'syntax = "proto3"; package a; import "buf/validate/validate.proto";\n'
        "message A { string b = 1 [(buf.validate.field).required = true]; }\n"
    )
    monkeypatch.setattr("restate_proto.cli.protoc.rules_set", lambda: 1 / 0)
    generate(proto, tmp_path / "out", include=[tmp_path / "include"])
    assert names(tmp_path / "out") == {"a_pb2.py", "a_pb2.pyi"}


def test_what_is_imported_from_elsewhere_may_have_rules(tmp_path: Path) -> None:
    for folder, name, text in (
        ("shared", "shared.proto", (CONTRACT / "validated" / "v1" / "signup.proto").read_text()),
        ("proto", "a.proto", 'syntax = "proto3"; import "shared.proto"; message A {}'),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    generate(tmp_path / "proto", tmp_path / "out", include=[tmp_path / "shared"])
    assert MODULE in names(tmp_path / "out")


def test_what_is_brought_is_protovalidate_s() -> None:
    assert rules_file().name == "buf/validate/validate.proto"
    assert {each.name for each in rules_file().extension} >= {"field", "message", "oneof"}
