"""The entry point of the `restate-proto` command."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == ["serve"] and "_RESTATE_PROTO_COMPLETE" not in os.environ:
        gc.disable()  # imports make much, and nothing of it is garbage
        from restate_proto.cli.serve_arguments import read_arguments  # noqa: PLC0415 - for this alone

        options = read_arguments(sys.argv[2:])
        if options is not None:
            _serve(options)
            return
        gc.enable()
    from restate_proto.cli.main import app  # noqa: PLC0415 - typer takes its time

    app(prog_name="restate-proto")


def _serve(options: dict[str, str | bool | None]) -> None:
    from restate_proto.endpoint.garbage import collecting_rarely  # noqa: PLC0415 - as above
    from restate_proto.serving.start import start  # noqa: PLC0415 - as above

    with collecting_rarely():
        gc.enable()
        failure = start(options)
    if failure is not None:
        import typer  # noqa: PLC0415 - as above

        from restate_proto.cli.serve import end  # noqa: PLC0415 - as above

        try:
            end(failure)
        except typer.Exit as ended:
            sys.exit(ended.exit_code)
