"""The calls in Go that the pages show compile, with the code that they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.reference.calls.go import go_package
from tests.go_toolchain import MODULE, go, has_go, write_code, write_module
from tests.protoc import compile_files
from tests.reference.calls import CONTRACTS, example_contract, pages_of, shown_calls

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not has_go(), reason="there is no Go 1.25")

IN_A_HANDLER = "ctx restate.Context"
FROM_OUTSIDE = "ctx context.Context"


@pytest.mark.timeout(600)
def test_the_snippets_compile(tmp_path: Path) -> None:
    module = tmp_path / "module"
    module.mkdir()
    write_module(module)
    packages = [f"M{name}={';'.join(go_package('', name))}" for name in CONTRACTS]
    parameter = ",".join([f"module={MODULE}", *packages])
    write_code(compile_files(tmp_path / "protoc", CONTRACTS, parameter, None), module)
    calls = [call for call in shown_calls(pages_of(example_contract())) if call.language == "Go"]
    assert len(calls) > 50
    for number, call in enumerate(calls):
        imports, _, body = call.code.partition("\n)\n\n")
        handler = call.is_in_a_handler
        needed = 'restate "github.com/restatedev/sdk-go"' if handler else '"context"'
        needed = "" if needed in imports else f"import {needed}\n"
        used = [
            name for name in ("response", "sent", "err") if f"{name}, " in body or "err" in name
        ]
        text = (
            f"// {call}\n"
            f"package call{number}\n\n"
            f"{imports}\n)\n{needed}\n"
            f"func call({IN_A_HANDLER if handler else FROM_OUTSIDE}) {{\n{body}\n"
            + "".join(f"_ = {name}\n" for name in used)
            + "}\n\nvar _ = call\n"
        )
        folder = module / f"calls/call{number}"
        folder.mkdir(parents=True)
        (folder / "call.go").write_text(text)
    go(module, "vet", "./calls/...")
