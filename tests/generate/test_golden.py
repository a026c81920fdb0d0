"""Golden cases through the real protoc and buf; the output is imported."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.generate.golden_cases import ALL_CASES, REPOSITORY, check_golden, parameter, protos, tool


@pytest.fixture
def plugin_path(tmp_path: Path) -> Path:
    """A folder with the console script, as an installation would put it on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "protoc-gen-python-restate"
    paths = os.pathsep.join(map(str, (REPOSITORY, REPOSITORY / "generated")))
    script.write_text(
        f"#!{sys.executable}\n"
        "import sys\n"
        f"sys.path[:0] = {paths.split(os.pathsep)!r}\n"
        "from restate_proto.generate.__main__ import main\n"
        "main()\n"
    )
    script.chmod(0o755)
    return folder


def run(*command: str | Path, cwd: Path, path: Path) -> None:
    environment = dict(os.environ, PATH=f"{path}{os.pathsep}{os.environ['PATH']}")
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ALL_CASES)
def test_protoc_makes_the_expected_code(name: str, tmp_path: Path, plugin_path: Path) -> None:
    case, out = ALL_CASES[name], tmp_path / "out"
    out.mkdir()
    run(
        sys.executable,
        "-m",
        "grpc_tools.protoc",
        f"-I{case}",
        f"-I{REPOSITORY / 'proto'}",
        f"--python-restate_out={out}",
        f"--python-restate_opt={parameter(case)}",
        *protos(case),
        cwd=case,
        path=plugin_path,
    )
    check_golden(case, out)


@pytest.mark.skipif(tool("buf") is None, reason="buf is not installed here")
@pytest.mark.parametrize("name", ALL_CASES)
def test_buf_makes_the_expected_code_offline(name: str, tmp_path: Path, plugin_path: Path) -> None:
    case = ALL_CASES[name]
    # Two modules in one workspace: buf calls the plugin once for each directory of them.
    shutil.copytree(case, tmp_path / "case", ignore=shutil.ignore_patterns("expected"))
    shutil.copytree(REPOSITORY / "proto/restatepb/v1", tmp_path / "options/restatepb/v1")
    (tmp_path / "buf.yaml").write_text(
        "version: v2\nmodules: [{path: case}, {path: options}]\n", encoding="utf-8"
    )
    (tmp_path / "buf.gen.yaml").write_text(
        "version: v2\n"
        "plugins:\n"
        "  - local: protoc-gen-python-restate\n"
        "    out: out\n"
        f"    opt: '{parameter(case)}'\n",
        encoding="utf-8",
    )
    run(str(tool("buf")), "generate", cwd=tmp_path, path=plugin_path)
    check_golden(case, tmp_path / "out")
