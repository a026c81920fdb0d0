"""The console script `restate-proto-buf`, which buf runs: see `plugins` in `buf.yaml`."""

from __future__ import annotations

import sys

from restate_proto.buf_check.rpc import answer, specification

__all__ = ["main"]

_USAGE = """\
restate-proto-buf is a check plugin of buf. Name it in buf.yaml:

    plugins:
      - plugin: restate-proto-buf
"""


def main(arguments: list[str] | None = None) -> int:
    """Answer one call from buf.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if "--format" in words:
        at = words.index("--format")
        format_ = words[at + 1 : at + 2]
        del words[at : at + 2]
        if format_ != ["binary"]:
            sys.stderr.write(f"restate-proto-buf speaks binary only, not {' '.join(format_)}\n")
            return 2
    match words:
        case ["--protocol"]:
            sys.stdout.write("1\n")
        case ["--spec"]:
            sys.stdout.buffer.write(specification())
        case [procedure] if procedure.startswith("/"):
            sys.stdout.buffer.write(answer(procedure, sys.stdin.buffer.read()))
        case _:
            sys.stderr.write(_USAGE)
            return 2
    return 0


def run() -> None:
    """Run the console script, and exit with its code."""
    sys.exit(main())


if __name__ == "__main__":
    run()
