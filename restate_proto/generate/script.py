"""What all console scripts of plugins do: the only place that touches stdin and stdout."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from restate_proto.generate.plugin import run
from restate_proto.version import __version__

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
        sys.stdout.write(f"{name} {__version__}\n")
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
