"""The support files that generated Go code shares: codecs; keys, errors and validation where needed.

Each package has one copy of each file that it needs. protoc and buf may call a generator for a few
files at a time, so that two calls may write the same copy; its text therefore depends only on the
name of the package.
"""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from restate_proto.generate.go.file import generated_by, quote
from restate_proto.generate.payload_types import with_payload_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import FileModel

__all__ = ["render_support", "support_files"]

_CODEC, _KEYS, _ERRORS = "restate_codec", "restate_keys", "restate_errors"
_VALIDATION = "restate_validation"


def support_files(file: FileModel, *, validates: bool) -> Iterator[str]:
    """Yield the names of the files that the code of a contract needs beside it.

    Args:
        file: the contract.
        validates: whether requests to its handlers are validated.
    """
    yield _CODEC
    if file.awakeables or any(
        service.state or service.promises or service.signals or service.key is not None
        for service in file.services
    ):
        yield _KEYS
    if file.errors or validates:
        yield _ERRORS
    if validates:
        yield _VALIDATION


def render_support(name: str, package: str) -> str:
    """Return the text of a file.

    Args:
        name: the name of the file without its ending.
        package: the name of its package.
    """
    text = resources.files("restate_proto.generate.go").joinpath(f"{name}.go").read_text("utf-8")
    if name == _CODEC:
        text = with_payload_types(text, quote)
    text = text.replace("package PACKAGE\n", f"package {package}\n", 1)
    return f"{generated_by('')}\n\n{text}"
