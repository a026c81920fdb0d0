"""What the pages show about rules is true."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restate_proto.cli.generate import generate
from restate_proto.codec.registry import codec_for
from restate_proto.codec.validation import validator_for
from tests.examples.markdown_code import blocks

if TYPE_CHECKING:
    import pytest

DOCS = Path(__file__).parents[2] / "docs"


def test_the_contract_of_the_docs_says_what_the_docs_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (contract,) = [b.text for b in blocks(DOCS / "contract.md") if "package accounts.v1" in b.text]
    proto = tmp_path / "proto" / "accounts" / "v1"
    proto.mkdir(parents=True)
    (proto / "accounts.proto").write_text(contract)
    generate(tmp_path / "proto", tmp_path / "accounts_docs", import_prefix="accounts_docs")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    messages: Any = importlib.import_module("accounts_docs.accounts.v1.accounts_pb2")
    validator = validator_for(codec_for(messages.OpenRequest))
    assert validator is not None
    invalid = validator.check(messages.OpenRequest(name="a", mail="a@example.com"))
    assert invalid is not None
    shown = f"accounts.v1.Accounts/Open: invalid request: {invalid.text}\n"
    assert shown in [block.text for block in blocks(DOCS / "handlers.md")]
