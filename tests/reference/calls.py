"""The calls on a contract's pages, and handlers that answer them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restate_proto.cli.contracts import load_contract
from restate_proto.reference.document import Calls, Heading, Paragraph, Snippet, Text
from restate_proto.reference.pages import contract_pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.cli.contracts import Contract
    from restate_proto.reference.document import Page

ROOT = Path(__file__).parents[2]
URL = "http://127.0.0.1:8080"

CONTRACTS = {
    path.relative_to(ROOT / "proto").as_posix(): path.read_text()
    for path in sorted((ROOT / "proto").rglob("*.proto"))
    if "restatepb" not in path.parts
}
"""The texts of the contracts whose pages are made."""


@dataclass(frozen=True)
class ShownCall:
    """A snippet of a page.

    Args:
        handler: the full proto name of the handler.
        language: the language's name.
        title: the words above it.
        code: the snippet.
        request: the example of the request that the page shows in JSON; empty where it takes none.
    """

    handler: str
    language: str
    title: str
    code: str
    request: str = ""

    @property
    def is_in_a_handler(self) -> bool:
        return self.title.startswith("In a handler")

    def __str__(self) -> str:
        return f"{self.handler}-{self.language}-{self.title.split(',')[0].strip(':')}"


def pages_of(contract: Contract, ingress_url: str = URL) -> tuple[Page, ...]:
    return contract_pages(contract.descriptors, contract.files, ingress_url=ingress_url)


def shown_calls(pages: tuple[Page, ...]) -> Iterator[ShownCall]:
    """Yield the snippets of all pages."""
    for page in pages:
        handler = request = ""
        for block in page.blocks:
            if isinstance(block, Heading) and block.level <= 3:
                handler, request = block.anchor, ""
            elif isinstance(block, Snippet) and not request:
                request = block.code
            elif isinstance(block, Calls):
                for call in block.choices:
                    title = ""
                    for part in call.content:
                        if isinstance(part, Paragraph):
                            title = "".join(p.value for p in part.content if isinstance(p, Text))
                        else:
                            yield ShownCall(handler, call.language, title, part.code, request)


def write_calls(folder: Path, language: str, suffix: str, template: str) -> None:
    """Write a file for each snippet in a language, its imports before the rest of it."""
    calls = [
        call for call in shown_calls(pages_of(example_contract())) if call.language == language
    ]
    assert len(calls) > 50
    folder.mkdir(parents=True)
    for number, call in enumerate(calls):
        lines = call.code.splitlines()
        imports = [line for line in lines if line.startswith("import ")]
        body = [f"    {line}" for line in lines if line not in imports]
        text = template.format(number=number, imports="\n".join(imports), body="\n".join(body))
        (folder / f"Call{number}.{suffix}").write_text(f"// {call}\n{text}")


def example_contract() -> Contract:
    return load_contract(ROOT / "proto")


def stub(base: Any) -> Any:
    """Return an object of a generated base, whose handlers answer with an empty message."""

    def handler(response: Any) -> Any:
        async def answer(self: Any, ctx: Any, request: Any = None) -> Any:
            return response()

        return answer

    service = base.__restate_service__
    methods = {each.method: handler(each.response.type) for each in service.handlers}
    return type(f"Stub{base.__name__}", (base,), methods)()
