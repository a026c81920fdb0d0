"""What all console scripts of plugins do: the only place that touches stdin and stdout."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from restate_proto.generate.plugin import run

if TYPE_CHECKING:
    from restate_proto.generate.plugin import Generate

__all__ = ["serve"]


def serve(plugin: str, generate: Generate, hint: str = "") -> None:
    """Reads a `CodeGeneratorRequest` from stdin and writes the response to stdout.

    Warnings go to stderr, which protoc and buf show.

    Args:
        plugin: the name of the plugin as protoc's options have it: `python-restate`.
        generate: makes the files of a request.
        hint: what to tell those who start it by hand.
    """
    name = f"protoc-gen-{plugin}"
    if "--version" in sys.argv[1:]:
        try:
            number = version("restate-proto")
        except PackageNotFoundError:
            number = "(not installed)"
        sys.stdout.write(f"{name} {number}\n")
        return
    if sys.stdin.isatty():
        sys.exit(
            f"{name} is a protoc plugin: call it with `protoc --{plugin}_out=DIR ...`, "
            f"or with buf. {hint}".rstrip()
        )
    response = run(
        sys.stdin.buffer.read(), generate, warn=lambda text: sys.stderr.write(f"{text}\n")
    )
    sys.stdout.buffer.write(response)
