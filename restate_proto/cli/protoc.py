"""Run protoc, which comes with grpcio-tools, on folders of .proto files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.contract.paths import printable, proto_path_problem
from restate_proto.errors import RestateError
from restate_proto.rules import RULES_FILE, has_protovalidate, rules_set
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from google.protobuf.descriptor_pb2 import DescriptorProto

__all__ = [
    "ContractError",
    "ProtoFolder",
    "check_proto_paths",
    "is_installed",
    "options_folder",
]

_UNUSED_IMPORT = re.compile(r"(?P<path>.+?):\d+:\d+: warning: Import (?P<imported>.+) is unused\.")

# Files of installed packages are not generated again, because that would hide the installed ones.
_INSTALLED = ("restatepb/", "google/protobuf/")


class ContractError(RestateError):
    """A contract cannot be read; `str()` of it is for the user, a line for each problem."""


class ProtoFolder:
    """A folder of .proto files, which import each other by their path below it.

    Several folders, such as the modules of a buf workspace, act as one. restatepb/v1/options.proto
    and the well-known types need not be in it, nor does buf/validate/validate.proto if
    protovalidate is installed.

    Args:
        paths: the folder, or folders.
        include: more folders to find imports in.

    Raises:
        ContractError: a folder is missing, there is no .proto file, two have the same path, protoc
            would misread a name, or protoc is not installed.
    """

    def __init__(self, *paths: Path, include: Sequence[Path] = ()) -> None:
        if util.find_spec("grpc_tools") is None:
            raise ContractError(
                "protoc is not installed; run `pip install 'restate-proto[generate]'` to get it"
            )
        self._folder_of = _proto_files(paths)
        self.names = sorted(self._folder_of)
        check_proto_paths(self.names)
        self._folders = (*paths, *include)
        for folder in include:
            if not folder.is_dir():
                raise ContractError(f"{folder} is not a folder, so imports cannot be found in it")
        for folder in self._folders:
            _check_folder(folder)
        self.brought: list[str] = []
        """The compiled files that belong to installed packages."""

    def compile(
        self, temporary: Path, arguments: Sequence[str] = ()
    ) -> tuple[FileDescriptorSet, str]:
        """Run protoc on all files of the folders.

        Args:
            temporary: an empty folder for what protoc needs.
            arguments: such as `--python_out=DIR`.

        Returns:
            The descriptors of the files and all that they import, with comments and lines; and
            protoc's warnings, which may be empty.

        Raises:
            ContractError: protoc refuses a file, or an import has no proto path.
        """
        descriptors = temporary / "descriptors"
        code, said = self._run_protoc(temporary, descriptors, arguments)
        is_missing = code != 0 and f"{RULES_FILE}: File not found." in said
        if is_missing and has_protovalidate():
            self.brought = [RULES_FILE]
            code, said = self._run_protoc(temporary, descriptors, arguments)
        elif is_missing:
            said += (
                "\nrun `pip install 'restate-proto[validate]'` to get that file, or name the folder "
                "that has it with --include"
            )
        if code:
            raise ContractError(said or f"protoc failed with exit code {code}")
        found = FileDescriptorSet.FromString(descriptors.read_bytes())
        check_proto_paths(file.name for file in found.file)
        return found, _without_named_imports(said, found)

    def _run_protoc(
        self, temporary: Path, descriptors: Path, arguments: Sequence[str]
    ) -> tuple[int, str]:
        """Return the exit code of protoc and its output."""
        arguments_file = temporary / "arguments"
        lines = [
            # Only this folder, under its own name, because its parent may be all of site-packages.
            f"-Irestatepb/v1={options_folder()}",
            *(f"-I{folder}" for folder in self._folders),
            *arguments,
            f"--descriptor_set_out={descriptors}",
            "--include_imports",
            "--include_source_info",
            *self.names,
            *self.brought,
        ]
        if self.brought:
            brought = temporary / "brought"
            brought.write_bytes(rules_set())
            lines.insert(0, f"--descriptor_set_in={brought}")
        # In a file, because a large tree can exceed the length of a command line. Each line is one
        # argument, whatever it contains; paths that look like options have been refused before.
        arguments_file.write_text("\n".join(lines), encoding="utf-8")
        # `-P` keeps the modules of the current folder out; protoc adds the well-known types itself.
        command = [sys.executable, "-P", "-m", "grpc_tools.protoc", f"@{arguments_file}"]
        done = subprocess.run(  # noqa: S603 - our own interpreter, and arguments without a shell
            command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
        )
        said = self.on_disk((done.stdout + done.stderr).strip())
        return done.returncode, "\n".join(map(printable, said.split("\n")))

    def on_disk(self, text: str) -> str:
        """Put the folder before file names at the start of lines, as newer protocs do."""
        lines: list[str] = []
        for line in text.split("\n"):
            name, _, rest = line.partition(":")
            folder = self._folder_of.get(name)
            lines.append(line if folder is None else f"{folder / name}:{rest}")
        return "\n".join(lines)


def is_installed(name: str) -> bool:
    """Tell whether an installed package brings the file of that proto path: protobuf, or this one."""
    return name.startswith(_INSTALLED)


def options_folder() -> Path:
    """Return the folder of the options.proto that came with this version."""
    # Not next to the imported `restatepb`, because a generated tree may have its own.
    root = Path(__file__).parents[2]
    installed = root / "restatepb" / "v1"
    # In a checkout, the .proto file is elsewhere; only the wheel has it next to its Python.
    return installed if installed.is_dir() else root / "proto" / "restatepb" / "v1"


def check_proto_paths(names: Iterable[str]) -> None:
    """Refuse files with names that a program could take for something other than a path.

    Raises:
        ContractError: with a line for each of them.
    """
    problems = [problem for problem in map(proto_path_problem, names) if problem is not None]
    if problems:
        raise ContractError("\n".join(problems))


def _without_named_imports(said: str, found: FileDescriptorSet) -> str:
    """Drop warnings of unused imports whose types our options name: protoc does not read these."""
    files = {file.name: file for file in found.file}
    ours = f"[{options_pb2.DESCRIPTOR.package}."

    def is_false_alarm(line: str) -> bool:
        match = _UNUSED_IMPORT.fullmatch(line)
        if match is None or match["imported"] not in files:
            return False
        imported = files[match["imported"]]
        inside = f"{imported.package}." if imported.package else ""
        names = [f"{inside}{name}" for name in _message_names(imported.message_type)]
        # In the text, a type's name between quotes is a string in an option.
        texts = (str(file) for name, file in files.items() if match["path"].endswith(name))
        return any(
            f'"{name}"' in text or f'".{name}"' in text
            for text in texts
            if ours in text
            for name in names
        )

    return "\n".join(line for line in said.split("\n") if not is_false_alarm(line))


def _message_names(messages: Iterable[DescriptorProto]) -> Iterator[str]:
    for message in messages:
        yield message.name
        yield from (f"{message.name}.{inner}" for inner in _message_names(message.nested_type))


def _check_folder(folder: Path) -> None:
    """Refuse a folder whose name protoc would take for several folders, or for another one."""
    name = str(folder)
    if printable(name) != name or os.pathsep in name or "=" in name:
        raise ContractError(
            f"the folder {printable(name)} has a {os.pathsep!r}, a '=' or an unprintable character "
            "in its path, which protoc would misread; rename the folder"
        )


def _proto_files(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the folder of each file of the contract, by its proto path."""
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            raise ContractError(f"{folder} is not a folder; name the one that has the .proto files")
        for path in folder.rglob("*.proto"):
            parts = path.relative_to(folder).parts
            name = "/".join(parts)
            # Hidden folders hold environments and caches.
            is_hidden = any(part.startswith(".") or part == "node_modules" for part in parts)
            if is_hidden or is_installed(name) or not path.is_file():
                continue
            first = found.setdefault(name, folder)
            if first != folder:
                raise ContractError(
                    f"{printable(str(path))} and {printable(str(first / name))} have the same path "
                    "below their folders, by which files import them; rename one"
                )
    if not found:
        names = " and ".join(map(str, folders))
        raise ContractError(
            f"{names} {'has' if len(folders) == 1 else 'have'} no .proto files of a contract"
        )
    return found
