"""Commands whose stdout is closed, full, or read by nobody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.serving.processes import APP, ROOT

CLOSED = ["sh", "-c", 'exec "$@" >&-', "sh"]
"""Run a command without a stdout, as some supervisors of processes do."""

ENVIRON = {"PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}", "PYTHONDONTWRITEBYTECODE": "1"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "restate_proto", *arguments]


@pytest.mark.parametrize("before", [[], CLOSED])
def test_a_file_system_that_is_full(tmp_path: Path, before: list[str]) -> None:
    """What has no stdout at all writes to nobody, and is right."""
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [*before, *command("generate", "--help")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    if before:
        assert (result.returncode, result.stderr) == (0, "")
    else:
        assert result.returncode == 1
        assert result.stderr == "error: cannot write to stdout: No space left on device\n"


def test_a_table_without_a_stdout(tmp_path: Path) -> None:
    program = "from restate_proto.cli import entry, printing; entry.open_closed_streams(); printing.print_table(['a'], [['b']])"
    result = subprocess.run(
        [*CLOSED, sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("options", [(), ("--workers", "1")])
def test_an_endpoint_without_a_stdout(tmp_path: Path, options: tuple[str, ...]) -> None:
    """No socket takes the place of stdout, to which handlers might print."""
    (tmp_path / "app.py").write_text(APP)
    with subprocess.Popen(
        [*CLOSED, *command("serve", "app:endpoint", "--port", "0", *options)],
        cwd=tmp_path,
        env=ENVIRON,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "serves http://127.0.0.1:" in line
        pid = line.split()[-1] if options else process.pid
        stdout = Path(f"/proc/{pid}/fd/1").readlink()
        process.terminate()
        log = process.stderr.read()
        assert process.wait() == 0, log
        assert stdout == Path("/dev/null")


@pytest.mark.parametrize("options", [(), ("--workers", "1")])
def test_an_endpoint_that_nobody_listens_to(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "app.py").write_text(APP)
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen(
            command("serve", "app:endpoint", "--port", "0", *options),
            cwd=tmp_path,
            env=ENVIRON,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        assert process.stderr is not None
        assert "WARNING" in (line := process.stderr.readline())
        assert "stdout cannot be written: No space left on device" in line
        assert "serves http://127.0.0.1:" in process.stderr.readline()
        process.terminate()
        log = process.stderr.read()
        assert process.wait() == 0, log
        assert "Exception" not in log


@pytest.mark.parametrize("arguments", [("serve", "shop.main:endpoint"), ("breaking", "--help")])
def test_a_directory_that_is_gone_is_no_traceback(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    shell = 'rmdir "$PWD" && exec "$@"'
    ended = subprocess.run(
        ["/bin/sh", "-c", shell, "sh", *command(*arguments)],
        cwd=gone,
        env=ENVIRON,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the current directory cannot be used: No such file")
