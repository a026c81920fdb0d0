"""All contracts' Java code compiles with no warning, and reads and writes payloads as it should.

With javac on the SDK: in `make interop`.

What it needs is what building examples/polyglot/java leaves there.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from golden_cases import CASES, REPOSITORY, protos
from java_cases import JAVA_CASES
from jvm_words import contracts
from plugin_protoc import compile_files

from restate_proto.plugin.java.generate import generate

pytestmark = pytest.mark.skipif(
    os.environ.get("COMPILE_JAVA") != "1", reason="COMPILE_JAVA=1 runs javac"
)

BUILT = REPOSITORY / "examples/polyglot/java/target"
PAYLOADS = REPOSITORY / "tests/plugin/jvm/payloads"

# protobuf-java's own code does not compile: messages and packages that are keywords.
UNFIT = {"messages", "packages"}


@pytest.mark.timeout(600)
def test_javac_has_no_warning_and_payloads_are_right(tmp_path: Path) -> None:
    cases = [case for name, case in CASES.items() if name not in UNFIT]
    files = {
        path: (case / path).read_text()
        for case in (*cases, JAVA_CASES["names"], PAYLOADS, REPOSITORY / "proto")
        for path in protos(case)
        if not path.startswith(("benchmark/", "conformance/", "restatepb/protocol/"))
    }
    files |= contracts()
    sources, messages = tmp_path / "sources", tmp_path / "messages"
    for path, text in generate(compile_files(tmp_path, files, "", None)).items():
        (sources / path).parent.mkdir(parents=True, exist_ok=True)
        (sources / path).write_text(text)
    messages.mkdir()
    run(
        *(BUILT / "tools/protoc", f"--descriptor_set_in={tmp_path / 'descriptors'}"),
        *(f"--java_out={messages}", *files),
    )
    classes = tmp_path / "classes"
    classes.mkdir()
    javac(messages, classes, "-nowarn")
    javac(sources, classes, "-Xlint:all,-path", "-Werror")
    javac(PAYLOADS, classes)
    run("java", "-classpath", class_path(classes), "golden.payloads.JavaMain")


def javac(sources: Path, classes: Path, *options: str) -> None:
    run(
        *("javac", *options, "-proc:none", "--release", "17", "-encoding", "UTF-8"),
        *("-classpath", class_path(classes), "-d", classes, *sorted(sources.rglob("*.java"))),
    )


def class_path(classes: Path) -> str:
    return os.pathsep.join(map(str, [classes, *sorted((BUILT / "lib").glob("*.jar"))]))


def run(*command: str | Path) -> None:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
