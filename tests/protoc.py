"""Compiles contracts given as text with the real protoc, as it would for the plugin."""

from __future__ import annotations

import importlib
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any, Protocol

from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.rules import rules_set

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Answer", "Compile", "compile_files"]

REPOSITORY = Path(__file__).parents[1]

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
    """Makes the request for files that are written below `folder`; they may have rules."""
    source, descriptors = folder / "source", folder / "descriptors"
    for name, text in files.items():
        path = source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
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
