"""The calls in TypeScript that the pages show compile, with the code that they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.protoc import compile_files
from tests.reference.calls import CONTRACTS, example_contract, pages_of, shown_calls
from tests.typescript_toolchain import compile_project, write_code

if TYPE_CHECKING:
    from pathlib import Path

IN_A_HANDLER = """
import type { Context } from "@restatedev/restate-sdk";
declare const ctx: Context;
"""


def test_the_snippets_compile(tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_code(compile_files(tmp_path / "protoc", CONTRACTS, "", None), source / "generated")
    calls = [
        call for call in shown_calls(pages_of(example_contract())) if call.language == "TypeScript"
    ]
    assert len(calls) > 50
    for number, call in enumerate(calls):
        before = IN_A_HANDLER if call.is_in_a_handler else ""
        text = f"{before}{call.code}\nexport {{ response }}; // {call}\n"
        (source / f"call{number}.ts").write_text(text)
    compile_project(tmp_path)
