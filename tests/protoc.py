"""Compile contracts given as text with the real protoc, as for the plugin."""

from __future__ import annotations

import importlib
import subprocess
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Protocol

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.rules import rules_set
from tests.folders import write_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["OPTIONS", "Answer", "Compile", "compile_files", "run_plugin"]

REPOSITORY = Path(__file__).parents[1]

OPTIONS = "restatepb/v1/options.proto"
"""The file of our options, which contracts import."""

# Has no stubs.
_protoc: Any = importlib.import_module("grpc_tools.protoc")
_WELL_KNOWN = Path(_protoc.__file__).parent / "_proto"


class Compile(Protocol):
    """Makes the request that protoc would send for files given by path and text."""

    def __call__(
        self, files: Mapping[str, str], *, parameter: str = "", only: str | None = None
    ) -> plugin_pb2.CodeGeneratorRequest: ...


class Answer(Protocol):
    """Compiles files, and runs the plugin from bytes to bytes."""

    def __call__(
        self, files: Mapping[str, str], *, parameter: str = "", only: str | None = None
    ) -> plugin_pb2.CodeGeneratorResponse: ...


def compile_files(
    folder: Path, files: Mapping[str, str], parameter: str, only: str | None
) -> plugin_pb2.CodeGeneratorRequest:
    """Make the request for files that are written below `folder`; they may have rules."""
    source, descriptors = folder / "source", folder / "descriptors"
    write_files(source, {name: dedent(text).lstrip("\n") for name, text in files.items()})
    brought = folder / "brought"
    brought.write_bytes(rules_set())
    code = _protoc.main(
        [
            "protoc",
            f"--descriptor_set_in={brought}",
            f"-I{source}",
            f"-I{REPOSITORY / 'proto'}",
            f"-I{_WELL_KNOWN}",
            f"--descriptor_set_out={descriptors}",
            "--include_imports",
            "--include_source_info",
            *files,
        ]
    )
    assert code == 0, "protoc refuses the test's own files; see its messages"
    return plugin_pb2.CodeGeneratorRequest(
        file_to_generate=[only] if only else list(files),
        parameter=parameter,
        proto_file=FileDescriptorSet.FromString(descriptors.read_bytes()).file,
    )


def run_plugin(
    command: Sequence[str | Path],
    request: plugin_pb2.CodeGeneratorRequest,
    parameter: str,
    folder: Path | None = None,
) -> dict[str, str]:
    """Run somebody else's plugin on the files of a request and on that of our options.

    Args:
        command: the plugin.
        request: the request that our own plugin got.
        parameter: the options of that plugin.
        folder: where it runs; where the tests do, if None.

    Returns:
        The text of each file that it makes.
    """
    asked = plugin_pb2.CodeGeneratorRequest.FromString(request.SerializeToString())
    asked.parameter = parameter
    asked.file_to_generate.append(OPTIONS)
    done = subprocess.run(
        command,
        cwd=folder,
        input=asked.SerializeToString(),
        capture_output=True,
        check=True,
    )
    response = plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
    assert not response.error
    return {file.name: file.content for file in response.file}
