"""The entry point of the `restate-proto` command."""

from __future__ import annotations

import errno
import gc
import os
import sys
from contextlib import suppress

__all__ = ["main", "open_closed_streams"]

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
_UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main() -> None:
    """Run the command line."""
    open_closed_streams()
    try:
        os.getcwd()  # noqa: PTH109 - pathlib takes its time
    except OSError as error:  # it is gone, which a shell that stands in it does not see
        sys.exit(f"error: the current directory cannot be used: {error.strerror}")
    if sys.argv[1:2] == ["serve"] and "_RESTATE_PROTO_COMPLETE" not in os.environ:
        gc.disable()  # imports make much, and nothing of it is garbage
        from restate_proto.cli.serve_arguments import read_arguments  # noqa: PLC0415 - for this alone

        options = read_arguments(sys.argv[2:])
        if options is not None:
            _serve(options)
            return
        gc.enable()
    from restate_proto.cli.main import app  # noqa: PLC0415 - typer takes its time

    try:
        app(prog_name="restate-proto")
    except OSError as error:
        if error.errno not in _UNWRITABLE or error.filename is not None:
            raise
        from restate_proto.endpoint.standard_output import discard_output  # noqa: PLC0415 - seldom

        discard_output()
        sys.exit(f"error: cannot write to stdout: {error.strerror}")


def open_closed_streams() -> None:
    """Open the null device as each of stdin, stdout and stderr that is closed.

    Otherwise the next file or socket that is opened takes its number, and gets what is printed.
    """
    for descriptor, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is not None:
            continue
        try:
            os.fstat(descriptor)
        except OSError:
            null = os.open(os.devnull, os.O_RDWR)
            if null != descriptor:
                os.dup2(null, descriptor)
                os.close(null)
            with suppress(OSError):
                os.set_inheritable(descriptor, True)
        setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for good


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
