"""Generates code for all services of Google's APIs: 1,580 files that nobody wrote for this project.

All of them generate in every language, all Python modules import, a sample of the Java and the Kotlin
code compiles, and a method takes no more lines than the limit of its language. Which files there are
is for package-lock.json to say.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.contract.problems import PluginError
from restate_proto.generate.go.generate import generate as generate_go
from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin
from restate_proto.generate.python.generate import generate as generate_python
from tests.corpus.compile import compile_sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from google.protobuf.descriptor_pb2 import FileDescriptorProto

CORPUS = Path(__file__).parents[2] / "node_modules/google-proto-files"

LANGUAGES = {
    "Python": (generate_python, 50),
    "Java": (generate_java, 110),
    "Kotlin": (generate_kotlin, 80),
    "Go": (generate_go, 60),
}
"""The generator of each language, and how many lines a method may take: all lines by all methods.

A limit is for the whole corpus: the same code is more lines a method where services are smaller.
"""

_COMPILED = 100
"""How many files there are to one that is compiled: compilers take a second for each."""

_SERVICE = re.compile("^service ", re.MULTILINE)
_INSTALLED = "google/protobuf/"  # is where protobuf is


def main() -> None:
    """Run all of it, and exit with 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="take one file of so many")
    every = parser.parse_args().every
    with tempfile.TemporaryDirectory() as folder:
        request = _request(Path(folder), every)
        counted = _count(request, has_limits=every == 1)
        wrong = [*counted, *_import_python(request, Path(folder))]
        descriptors = Path(folder, "descriptors")
        one_of = max(1, _COMPILED // every)
        wrong += compile_sample(request, descriptors, Path(folder), one_of)
    for problem in wrong:
        print(problem, file=sys.stderr)
    sys.exit(1 if wrong else 0)


def _request(folder: Path, every: int) -> CodeGeneratorRequest:
    """Return protoc's request for the files whose services a handler can serve."""
    files = sorted(path.relative_to(CORPUS).as_posix() for path in CORPUS.rglob("*.proto"))
    served = [
        name
        for name in files
        if not name.startswith(_INSTALLED) and _SERVICE.search((CORPUS / name).read_text("utf-8"))
    ]
    descriptors = folder / "descriptors"
    flags = ["--include_imports", "--include_source_info", f"--descriptor_set_out={descriptors}"]
    _protoc(folder, flags, served[::every])
    found = FileDescriptorSet.FromString(descriptors.read_bytes()).file
    wanted = [file.name for file in found if file.name in set(served[::every]) and _is_ours(file)]
    return CodeGeneratorRequest(
        file_to_generate=wanted, parameter="all_services=true", proto_file=found
    )


def _is_ours(file: FileDescriptorProto) -> bool:
    """Return whether no method streams, since all generators refuse those that do."""
    methods = [method for service in file.service for method in service.method]
    return not any(method.client_streaming or method.server_streaming for method in methods)


def _protoc(folder: Path, flags: Iterable[str], files: Iterable[str]) -> None:
    arguments = folder / "arguments"
    arguments.write_text("\n".join([f"-I{CORPUS}", *flags, *files]))
    command = [sys.executable, "-P", "-m", "grpc_tools.protoc", f"@{arguments}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # it warns a lot
    if done.returncode:
        sys.exit(done.stderr)


def _count(request: CodeGeneratorRequest, *, has_limits: bool) -> Iterable[str]:
    """Generate in each language, and yield the errors."""
    wanted = set(request.file_to_generate)
    files = [file for file in request.proto_file if file.name in wanted]
    methods = sum(len(service.method) for file in files for service in file.service)
    print(f"{len(files)} files with {methods} methods")
    for language, (generate, limit) in LANGUAGES.items():
        try:
            made: Mapping[str, str] = generate(request)
        except PluginError as error:
            yield f"{language}: {error}"
            continue
        lines = sum(text.count("\n") for text in made.values())
        print(f"{language}: {lines / methods:.1f} lines a method, in {len(made)} files")
        if has_limits and lines > limit * methods:
            yield f"{language}: {lines / methods:.1f} lines a method, and {limit} is the limit"


def _import_python(request: CodeGeneratorRequest, folder: Path) -> Iterable[str]:
    """Import all Python modules, and yield the errors."""
    tree = folder / "tree"
    tree.mkdir()
    names = [file.name for file in request.proto_file if not file.name.startswith(_INSTALLED)]
    _protoc(folder, [f"--python_out={tree}"], names)
    try:
        made = generate_python(request)
    except PluginError:  # `_count` has said so
        return
    for name, text in made.items():
        (tree / name).write_text(text, "utf-8")
    sys.path.insert(0, str(tree))
    for name in made:
        module = name.removesuffix(".py").replace("/", ".")
        try:
            importlib.import_module(module)
        except Exception as error:  # noqa: BLE001 - whatever a module raises is wrong
            yield f"{module}: {type(error).__name__}: {error}"
    print(f"{len(made)} Python modules imported")


if __name__ == "__main__":
    main()
