"""The console script `protoc-gen-python-restate`: the only place that touches stdin and stdout."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version

from restate_proto.plugin.run import run

__all__ = ["main"]


def main() -> None:
    """Reads a `CodeGeneratorRequest` from stdin and writes the response to stdout."""
    if "--version" in sys.argv[1:]:
        try:
            number = version("restate-proto")
        except PackageNotFoundError:
            number = "(not installed)"
        sys.stdout.write(f"protoc-gen-python-restate {number}\n")
        return
    if sys.stdin.isatty():
        sys.exit(
            "protoc-gen-python-restate is a protoc plugin: call it with "
            "`protoc --python-restate_out=DIR ...`, with buf, or use `restate-proto generate`."
        )
    sys.stdout.buffer.write(run(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
