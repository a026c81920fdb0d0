"""The texts of the golden contract `hostile`, which end literals, templates and comments of languages.

Code that compiles may still have other texts, so each language tells which ones it has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.parse.files import parse_request
from restate_proto.contract.schema import TypedKey
from tests.generate.golden_cases import CASES, protos
from tests.protoc import compile_files

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["hostile_texts"]


def hostile_texts(folder: Path) -> list[str]:
    """Returns the texts that generated code has to have.

    Args:
        folder: a folder to compile the contract in.

    Returns:
        The names of state and promises, and the key whose fields are `a`, -1, `c` and `d`.
    """
    case = CASES["hostile"]
    files = {path: (case / path).read_text() for path in protos(case)}
    _, (file,) = parse_request(compile_files(folder, files, "", None), all_services=False)
    hostile, flow = file.services
    assert isinstance(hostile.key, TypedKey)
    names = [each.name for each in (*hostile.state, *flow.promises)]
    return [*names, hostile.key.text.write(("a", -1, "c", "d"))]
