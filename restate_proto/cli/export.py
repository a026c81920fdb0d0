"""`restate-proto export`: writes the files that contracts import, for buf, protoc and editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from restate_proto.cli.output import Force, fail, reporting_failures, write_files
from restate_proto.cli.protoc import options_folder
from restate_proto.rules import has_protovalidate, rules_set

__all__ = ["export_command"]

_NAME = "restatepb/v1/options.proto"
_RULES = "buf/validate/validate.binpb"


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
    rules: Annotated[
        bool,
        typer.Option(
            "--rules",
            help="Also write buf/validate/validate.binpb: the file that contracts with rules import, as a "
            "descriptor set for protoc's --descriptor_set_in.",
        ),
    ] = False,
    force: Force = False,
) -> None:
    """Export restatepb/v1/options.proto, which contracts import, for buf, protoc and editors."""
    path = out / _NAME
    content = (options_folder() / path.name).read_bytes()
    if rules and not has_protovalidate():
        fail("protovalidate is not installed; run `pip install 'restate-proto[validate]'`")
    with reporting_failures():
        # git may have changed the line ends of a file that is checked in.
        is_fresh = path.is_file() and path.read_bytes().replace(b"\r\n", b"\n") == content
        if not is_fresh and not check:
            write_files(out, {_NAME: content.decode()}, force=force)
    if check and not is_fresh:
        what = "is not that of this version" if path.is_file() else "is missing"
        fail(f"{path} {what}; run `restate-proto export {out}`")
    typer.echo(path)
    if rules:
        _export_rules(out / _RULES, check=check, command=f"restate-proto export {out} --rules")


def _export_rules(path: Path, *, check: bool, command: str) -> None:
    # Only such a descriptor set has this name, so this cannot replace a file of the user.
    content = rules_set()
    is_fresh = path.is_file() and path.read_bytes() == content
    if check and not is_fresh:
        what = "is not that of the installed protovalidate" if path.is_file() else "is missing"
        fail(f"{path} {what}; run `{command}`")
    if not is_fresh:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    typer.echo(path)
