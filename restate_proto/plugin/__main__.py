"""The console scripts: the only place that touches stdin and stdout."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from restate_proto.plugin.run import run

if TYPE_CHECKING:
    from restate_proto.plugin.run import Generate

__all__ = ["main", "main_java", "main_kotlin"]


def main() -> None:
    """`protoc-gen-python-restate`."""
    from restate_proto.plugin.python.generate import generate  # noqa: PLC0415 - a script loads its own

    _serve("python", generate, hint="`restate-proto generate` does the whole of it.")


def main_java() -> None:
    """`protoc-gen-java-restate`."""
    from restate_proto.plugin.java.generate import generate  # noqa: PLC0415 - a script loads its own

    _serve("java", generate)


def main_kotlin() -> None:
    """`protoc-gen-kotlin-restate`."""
    from restate_proto.plugin.kotlin.generate import generate  # noqa: PLC0415 - a script loads its own

    _serve("kotlin", generate)


def _serve(language: str, generate: Generate, hint: str = "") -> None:
    """Reads a `CodeGeneratorRequest` from stdin and writes the response to stdout.

    Warnings go to stderr, which protoc and buf show.
    """
    name = f"protoc-gen-{language}-restate"
    if "--version" in sys.argv[1:]:
        try:
            number = version("restate-proto")
        except PackageNotFoundError:
            number = "(not installed)"
        sys.stdout.write(f"{name} {number}\n")
        return
    if sys.stdin.isatty():
        sys.exit(
            f"{name} is a protoc plugin: call it with `protoc --{language}-restate_out=DIR ...`, "
            f"or with buf. {hint}".rstrip()
        )
    response = run(
        sys.stdin.buffer.read(), generate, warn=lambda text: sys.stderr.write(f"{text}\n")
    )
    sys.stdout.buffer.write(response)


if __name__ == "__main__":
    main()
