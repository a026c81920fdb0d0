from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from interop.contract import Contract
from interop.toolchains import EXAMPLE
from restate_proto.rules import rules_set

_protoc: Any = importlib.import_module("grpc_tools.protoc")  # has no stubs


@pytest.fixture(scope="session")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    folder = tmp_path_factory.mktemp("polyglot")
    image, rules = folder / "contract.binpb", folder / "rules.binpb"
    rules.write_bytes(rules_set())
    arguments = [
        "protoc",
        f"-I{EXAMPLE / 'proto'}",
        f"-I{Path(_protoc.__file__).parent / '_proto'}",
        f"--descriptor_set_in={rules}",
        "--include_imports",
        f"--descriptor_set_out={image}",
        "polyglot/values/v1/values.proto",
        "polyglot/values/v1/desk.proto",
    ]
    assert _protoc.main(arguments) == 0
    return Contract.from_image(image.read_bytes())
