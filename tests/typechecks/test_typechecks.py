"""Type checkers on handlers: both accept what is right, and report what is wrong."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
PYTHON = Path(sys.executable)

MARKED = {
    ("reject.py", number)
    for number, line in enumerate((HERE / "reject.py").read_text().split("\n"), 1)
    if line.endswith("# error")
}


def tool(name: str) -> str:
    """A program of the environment that runs the tests."""
    found = shutil.which(name, path=str(PYTHON.parent))
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


@pytest.mark.timeout(400)  # its first start fetches itself
def test_pyright(tmp_path: Path) -> None:
    for name in ("accept.py", "reject.py"):
        shutil.copy(HERE / name, tmp_path)
    config = {
        "include": ["."],
        "extraPaths": [str(REPOSITORY), str(REPOSITORY / "generated")],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(config))
    command = [tool("pyright"), "--outputjson", "--pythonpath", str(PYTHON)]
    done = subprocess.run(
        [*command, "--project", str(tmp_path)], capture_output=True, text=True, check=False
    )
    problems = json.loads(done.stdout)["generalDiagnostics"]
    found = {(Path(p["file"]).name, p["range"]["start"]["line"] + 1) for p in problems}
    assert found == MARKED, problems


def test_mypy(tmp_path: Path) -> None:
    roots = f"{REPOSITORY}:{REPOSITORY / 'generated'}"
    (tmp_path / "mypy.ini").write_text(
        f"[mypy]\nmypy_path = {roots}\nexplicit_package_bases = True\n"
        f"cache_dir = {tmp_path / 'cache'}\nfollow_imports = silent\n"
    )
    command = [tool("mypy"), "--strict", "--config-file", str(tmp_path / "mypy.ini")]
    files = [str(HERE / "accept.py"), str(HERE / "reject.py")]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    problems = re.findall(r"(\w+\.py):(\d+): error", done.stdout)
    assert {(name, int(line)) for name, line in problems} == MARKED, done.stdout + done.stderr
