"""Compile a sample of the corpus's Java and Kotlin code; javac and kotlinc must not warn."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest

from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin
from tests.jvm_toolchain import generate_messages, javac, kotlinc, missing, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from restate_proto.generate.plugin import Generate

__all__ = ["compile_sample"]

_INSTALLED = "google/protobuf/"  # protobuf-java has their classes


def compile_sample(
    request: CodeGeneratorRequest, descriptors: Path, folder: Path, every: int
) -> Iterator[str]:
    """Compile one file of so many, with the messages that they import; yields what is wrong.

    Args:
        request: of the whole corpus.
        descriptors: what it is made of, as a `FileDescriptorSet`.
        folder: where to write.
        every: how many files there are to one of the sample.
    """
    absent = missing()
    if absent:
        print(f"nothing is compiled: {', '.join(absent)} not found")
        return
    sample = CodeGeneratorRequest()
    sample.CopyFrom(request)
    del sample.file_to_generate[:]
    sample.file_to_generate.extend(request.file_to_generate[::every])
    names = sorted(name for name in _imported(sample) if not name.startswith(_INSTALLED))
    prepare()
    for language, generate, run in (
        ("Java", generate_java, _compile_java),
        ("Kotlin", generate_kotlin, _compile_kotlin),
    ):
        started = time.monotonic()
        workspace = folder / language
        try:
            run(_written(generate, sample, workspace), descriptors, names)
        except AssertionError as error:
            yield f"{language}: {error}"
            continue
        files, seconds = len(sample.file_to_generate), time.monotonic() - started
        print(f"{language}: {files} files compiled in {seconds:.0f} s")


def _imported(request: CodeGeneratorRequest) -> set[str]:
    """The files of a request, with all that they import."""
    files = {file.name: file for file in request.proto_file}
    found: set[str] = set()
    waiting = list(request.file_to_generate)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += files[name].dependency
    return found


def _written(generate: Generate, request: CodeGeneratorRequest, workspace: Path) -> Path:
    """Write the generated code, and return the folder around it."""
    for path, text in generate(request).items():
        file = workspace / "generated" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return workspace


def _compile_java(workspace: Path, descriptors: Path, names: list[str]) -> None:
    messages, classes = workspace / "messages", workspace / "classes"
    messages.mkdir()
    classes.mkdir()
    generate_messages(descriptors, names, messages)
    javac(messages, classes, "-nowarn")
    javac(workspace / "generated", classes, "-Xlint:all,-path", "-Werror")


def _compile_kotlin(workspace: Path, descriptors: Path, names: list[str]) -> None:
    generate_messages(descriptors, names, workspace / "generated")
    kotlinc(workspace)
