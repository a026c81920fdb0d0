"""`restate-proto export`: writes options.proto where it is told to, and only if it changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from restate_proto.cli.main import app

ROOT = Path(__file__).parents[2]
OPTIONS = ROOT / "proto" / "restatepb" / "v1" / "options.proto"
NAME = "restatepb/v1/options.proto"


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["export", *map(str, arguments)])


def test_it_writes_the_file_of_this_version(tmp_path: Path) -> None:
    out = tmp_path / "third_party"
    result = export(out)
    assert result.exit_code == 0
    assert result.stdout.strip() == str(out / NAME)
    assert (out / NAME).read_bytes() == OPTIONS.read_bytes()
    assert [path for path in out.rglob("*") if path.is_file()] == [out / NAME]


def test_it_replaces_another_one_and_leaves_a_right_one_alone(tmp_path: Path) -> None:
    export(tmp_path)
    path = tmp_path / NAME
    first = b"\n".join(OPTIONS.read_bytes().splitlines()[:3])
    path.write_bytes(first + b"\n\xff of another version")
    assert export(tmp_path).exit_code == 0
    assert path.read_bytes() == OPTIONS.read_bytes()

    path.chmod(0o444)
    before = path.stat()
    assert export(tmp_path).exit_code == 0
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_check_writes_nothing_and_fails_where_export_would_write(tmp_path: Path) -> None:
    missing = export(tmp_path, "--check")
    assert missing.exit_code == 1
    assert f"{tmp_path / NAME} is missing; run `restate-proto export {tmp_path}`" in missing.stderr
    assert not list(tmp_path.iterdir())

    export(tmp_path)
    assert export(tmp_path, "--check").exit_code == 0

    path = tmp_path / NAME
    path.write_text("of another version")
    stale = export(tmp_path, "--check")
    assert stale.exit_code == 1
    assert f"{path} is not that of this version; run" in stale.stderr
    assert path.read_text() == "of another version"


def test_check_does_not_mind_the_line_ends_of_git(tmp_path: Path) -> None:
    export(tmp_path)
    path = tmp_path / NAME
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert export(tmp_path, "--check").exit_code == 0


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = export(tmp_path / "file")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {tmp_path / 'file'}")
    assert result.stderr.count("\n") == 1


def test_a_generated_copy_of_the_options_does_not_mislead_it(tmp_path: Path) -> None:
    copy = tmp_path / "gen" / "restatepb" / "v1"
    copy.mkdir(parents=True)
    for name in ("options_pb2.py", "options.proto"):
        (copy / name).write_bytes((ROOT / "generated/restatepb/v1/options_pb2.py").read_bytes())
    command = [sys.executable, "-m", "restate_proto", "export", "out"]
    subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": "gen"}, check=True)
    assert (tmp_path / "out" / NAME).read_bytes() == OPTIONS.read_bytes()


def test_the_rules_are_a_descriptor_set_that_protoc_takes(tmp_path: Path) -> None:
    rules = tmp_path / "buf" / "validate" / "validate.binpb"
    missing = export(tmp_path, "--rules", "--check")
    assert missing.exit_code == 1
    assert export(tmp_path, "--rules").stdout.split() == [str(tmp_path / NAME), str(rules)]
    assert export(tmp_path, "--rules", "--check").exit_code == 0
    rules.write_bytes(b"")
    assert "is not that of the installed" in export(tmp_path, "--rules", "--check").stderr
    assert export(tmp_path, "--rules").exit_code == 0
    contract = ROOT / "tests" / "validation" / "contract"
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", f"-I{contract}", f"-I{tmp_path}"),
            *(f"--descriptor_set_in={rules}", f"--python_out={tmp_path}"),
            *("validated/v1/signup.proto", "buf/validate/validate.proto"),
        ],
        check=True,
    )
    assert (tmp_path / "buf" / "validate" / "validate_pb2.py").is_file()


def test_the_rules_need_protovalidate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restate_proto.cli.export.has_protovalidate", lambda: False)
    result = export(tmp_path, "--rules")
    assert result.exit_code == 1
    assert "restate-proto[validate]" in result.stderr
    assert not list(tmp_path.iterdir())
