"""`restate-proto export`: puts options.proto where buf, protoc and editors find it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restate_proto.cli.output import Force, fail, reporting_failures, write_files
from restate_proto.cli.protoc import options_folder

__all__ = ["export_command"]

_NAME = "restatepb/v1/options.proto"


def export_command(
    out: Annotated[
        Path, typer.Argument(help="The folder that restatepb/v1/options.proto goes to.")
    ],
    *,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Write nothing; fail if the file there is not this version's."
        ),
    ] = False,
    force: Force = False,
) -> None:
    """Export restatepb/v1/options.proto, which contracts import, for buf, protoc and editors."""
    path = out / _NAME
    content = (options_folder() / path.name).read_bytes()
    with reporting_failures():
        # git may have changed the line ends of a file that is checked in.
        is_fresh = path.is_file() and path.read_bytes().replace(b"\r\n", b"\n") == content
        if not is_fresh and not check:
            write_files(out, {_NAME: content.decode()}, force=force)
    if check and not is_fresh:
        what = "is not that of this version" if path.is_file() else "is missing"
        fail(f"{path} {what}; run `restate-proto export {out}`")
    typer.echo(path)
