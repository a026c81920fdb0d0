"""Go, and protoc-gen-go beside our generator, in the versions of the examples' module."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.generate.go.generate import generate
from tests.folders import write_files
from tests.protoc import OPTIONS, run_plugin

if TYPE_CHECKING:
    from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest

__all__ = ["MODULE", "check_module", "go", "has_go", "write_code", "write_module"]

MODULE = "example.com"
"""The module that code is generated into."""

_EXAMPLE = Path(__file__).parents[1] / "examples/polyglot/go"
_LEAST = (1, 25)


@functools.cache
def has_go() -> bool:
    """Return whether Go is new enough for the SDK, and `make interop` has fetched the modules."""
    if shutil.which("go") is None or shutil.which("gofmt") is None:
        return False
    said = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"go(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < _LEAST:
        return False
    listed = subprocess.run(
        [
            "go",
            "list",
            "-deps",
            "github.com/restatedev/sdk-go/server",
            "buf.build/go/protovalidate",
        ],
        cwd=_EXAMPLE,
        env=os.environ | {"GOPROXY": "off"},
        capture_output=True,
        check=False,
    )
    return listed.returncode == 0


def write_module(folder: Path) -> None:
    """Write the files that make a folder a Go module."""
    text = (_EXAMPLE / "go.mod").read_text()
    (folder / "go.mod").write_text(text.replace("module polyglot\n", f"module {MODULE}\n"))
    shutil.copy(_EXAMPLE / "go.sum", folder)


def write_code(request: CodeGeneratorRequest, folder: Path) -> None:
    """Write the messages of a request, and our code for its contracts."""
    ours = request.parameter.replace("validate=true", "").strip(",")
    parameter = f"{ours},M{OPTIONS}={MODULE}/restatepb/v1"
    messages = run_plugin(["go", "tool", "protoc-gen-go"], request, parameter, folder)
    write_files(folder, generate(request) | messages)


def check_module(folder: Path) -> None:
    """Check a module with gofmt and `go vet`, which compiles it; any output fails the test."""
    done = subprocess.run(
        ["gofmt", "-d", "."], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    go(folder, "vet", "./...")


def go(folder: Path, *arguments: str, **environ: str) -> str:
    """Run the go command, and return what it prints."""
    done = subprocess.run(
        ["go", *arguments],
        cwd=folder,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
