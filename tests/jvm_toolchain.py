"""javac, kotlinc and protoc for generated code, with the SDK's and protobuf's jars.

Maven brings all but javac, into the folders of the programs in examples/polyglot.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "PROTOC",
    "class_path",
    "generate_messages",
    "javac",
    "kotlinc",
    "missing",
    "prepare",
    "run",
]

_EXAMPLES = Path(__file__).parents[1] / "examples/polyglot"
_SECONDS = 900

PROTOC = _EXAMPLES / "java/target/tools/protoc"
"""protoc with the generator of protobuf-java's classes."""

# javac runs for seconds: compiling twice, and collecting garbage on many threads, costs more than it gives.
_SHORT_RUN = ("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC")


def missing() -> list[str]:
    """Return the programs that are missing."""
    return [name for name in ("java", "javac", "mvn") if shutil.which(name) is None]


def prepare() -> None:
    """Fetch protoc and the jars, unless they are there for the present pom.xml."""
    for language in ("java", "kotlin"):
        pom, target = (_EXAMPLES / language / name for name in ("pom.xml", "target"))
        libraries, protoc = target / "lib", target / "tools/protoc"
        is_there = libraries.is_dir() and protoc.is_file()
        if not is_there or libraries.stat().st_mtime < pom.stat().st_mtime:
            shutil.rmtree(libraries, ignore_errors=True)
            goals = ("initialize", "dependency:copy-dependencies@libraries")
            run("mvn", "-q", "-B", "-f", pom, *goals)
            protoc.chmod(0o755)  # Maven knows no executable files


def generate_messages(descriptors: Path, files: Iterable[str], out: Path) -> None:
    """Write protobuf-java's classes.

    Args:
        descriptors: a serialized `FileDescriptorSet`.
        files: the paths of the contracts in it.
        out: the folder to write to.
    """
    arguments = out / "files"
    arguments.write_text("\n".join(files))
    run(PROTOC, f"--descriptor_set_in={descriptors}", f"--java_out={out}", f"@{arguments}")


def javac(sources: Path, classes: Path, *options: str) -> str:
    """Compile all Java files of a folder.

    Args:
        sources: the folder.
        classes: where classes are written to, and where others are found.
        options: javac's, beside those that say which Java it is.

    Returns:
        What it printed.
    """
    files = classes.with_suffix(".files")  # the sources may be checked in
    files.write_text("\n".join(map(str, sorted(sources.rglob("*.java")))))
    return run(
        *("javac", *_SHORT_RUN, *options, "-proc:none", "--release", "17", "-encoding", "UTF-8"),
        *("-classpath", class_path("java", classes), "-d", classes, f"@{files}"),
    )


def kotlinc(workspace: Path) -> Path:
    """Compile the Kotlin and Java files of `workspace/generated` like a library, without warnings.

    Returns:
        The folder of the classes.
    """
    strict = "<arg>-Werror</arg><arg>-Xexplicit-api=strict</arg>"
    pom = (_EXAMPLES / "kotlin/pom.xml").read_text().replace("<arg>-Werror</arg>", strict)
    assert strict in pom
    (workspace / "pom.xml").write_text(pom)
    run("mvn", "-q", "-B", "-f", workspace / "pom.xml", "compile")
    return workspace / "target/classes"


def class_path(language: str, classes: Path) -> str:
    """Return the class path of a program: its classes, and the jars."""
    jars = sorted((_EXAMPLES / language / "target/lib").glob("*.jar"))
    return os.pathsep.join(map(str, [classes, *jars]))


def run(*command: str | Path) -> str:
    """Run a program that has to succeed, and return what it printed."""
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
