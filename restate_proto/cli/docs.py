"""`restate-proto docs`: writes pages about the services of a contract."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from restate_proto.cli.contract_options import AllServices, Include
from restate_proto.cli.contracts import load_contract
from restate_proto.cli.output import MISUSED, Force, fail, reporting_failures, write_files

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DocsFormat", "docs_command", "write_docs"]


class DocsFormat(StrEnum):
    """The format of the pages."""

    MARKDOWN = "markdown"
    HTML = "html"
    BOTH = "both"


def write_docs(
    source: Path,
    out: Path,
    *,
    format_: DocsFormat = DocsFormat.BOTH,
    include: Sequence[Path] = (),
    all_services: bool = False,
    ingress_url: str = "http://127.0.0.1:8080",
    force: bool = False,
) -> tuple[Path, ...]:
    """Write the documentation of a contract.

    Args:
        source: a folder of .proto files, or a descriptor set.
        out: the folder for the pages; `README.md` and `index.html` in it list the services.
        format_: the format of the pages.
        include: more folders to find imports in.
        all_services: whether a service without a Restate option counts as a plain service.
        ingress_url: the URL of Restate's ingress, for the calls that the pages show.
        force: whether to replace files that restate-proto did not write.

    Returns:
        The files, sorted, including those that were up to date.

    Raises:
        ContractError: the contract cannot be read, or breaks a rule.
        OutputError: a page would replace a file that restate-proto did not write, or would lie
            outside of the folder.
    """
    # Imported here, because they take a while to load, and other commands do not need them.
    from restate_proto.reference.html import render_html  # noqa: PLC0415 - see above
    from restate_proto.reference.markdown import render_markdown  # noqa: PLC0415 - see above
    from restate_proto.reference.pages import contract_pages  # noqa: PLC0415 - see above

    contract = load_contract(source, include, all_services=all_services)
    pages = contract_pages(contract.descriptors, contract.files, ingress_url=ingress_url)
    texts: dict[str, str] = {}
    if format_ is not DocsFormat.HTML:
        texts.update(render_markdown(pages))
    if format_ is not DocsFormat.MARKDOWN:
        texts.update(render_html(pages))
    return write_files(out, texts, force=force)


def docs_command(
    source: Annotated[
        Path,
        typer.Argument(help="A folder of .proto files, or a descriptor set.", show_default=True),
    ] = Path("proto"),
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the pages.")],
    format_: Annotated[
        DocsFormat, typer.Option("--format", help="The format of the pages.")
    ] = DocsFormat.BOTH,
    include: Include = None,
    all_services: AllServices = False,
    ingress_url: Annotated[
        str, typer.Option(help="The URL of Restate's ingress, for the calls that the pages show.")
    ] = "http://127.0.0.1:8080",
    force: Force = False,
) -> None:
    """Write the documentation of a contract: its services, handlers and messages."""
    if not ingress_url.startswith(("http://", "https://")):
        fail(f"{ingress_url!r} is not a URL, such as http://127.0.0.1:8080", code=MISUSED)
    with reporting_failures():
        files = write_docs(
            source,
            out,
            format_=format_,
            include=include or [],
            all_services=all_services,
            ingress_url=ingress_url,
            force=force,
        )
    typer.echo(f"{len(files)} pages in {out}")
