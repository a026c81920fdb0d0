"""Correct the output of protoc's Python generator: imports under a package, and stubs."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

__all__ = ["mend_stub", "prefix_imports"]

_KEYWORDS = "|".join(keyword.kwlist)

_IMPORT = re.compile(r"^import (?P<name>\w+_pb2) as ", re.MULTILINE)
_FROM_PACKAGE = re.compile(r"^from (?P<package>[\w.]+) import (?P<name>\w+_pb2) as ", re.MULTILINE)
_FROM_MODULE = re.compile(r"^from (?P<module>[\w.]+_pb2) import ", re.MULTILINE)
_IMPORTLIB = re.compile(r"importlib\.import_module\('(?P<module>[\w.]+_pb2)'\)")

_IMPORTED_NAMES = re.compile(
    r"^(?P<origin>(?:from .* )?import )(?P<names>.* as .*)\n", re.MULTILINE
)
_BARE_MAPPING = re.compile(r"(?<!as )\b_Mapping\b(?!\[)")
_KEYWORD_MODULE = re.compile(rf"^from (?:\w+\.)*(?:{_KEYWORDS})[. ].*\n", re.MULTILINE)
_MODULE_CLASS_VAR = re.compile(r"^(\w+_FIELD_NUMBER): _ClassVar\[int\]$", re.MULTILINE)
_KEYWORD_CLASS = re.compile(rf"^( *class )({_KEYWORDS})\(", re.MULTILINE)
_KEYWORD_MEMBER = re.compile(rf"^ *(?:{_KEYWORDS}): .*\n", re.MULTILINE)
_SCALAR_MEMBER = re.compile(r"^ +(bool|bytes|float|int|str): ", re.MULTILINE)
_KEYWORD_GLOBAL = re.compile(r"globals\(\)\['(\w+)'\]")
_KEYWORD_NESTED = re.compile(r"getattr\(([\w.]+), '(\w+)'\)")


def prefix_imports(code: str, modules: AbstractSet[str], prefix: str) -> str:
    """Let a generated `_pb2` module (or its stub) find others that now are inside a package.

    protoc imports by proto path, as if the tree were an import root.

    Args:
        code: the module's text.
        modules: the modules of the tree, by proto path: `shop.v1.cart_pb2`.
        prefix: the package that the tree is in.
    """

    def plain(match: re.Match[str]) -> str:
        name = match["name"]
        return f"from {prefix} import {name} as " if name in modules else match[0]

    def from_package(match: re.Match[str]) -> str:
        inside = f"{match['package']}.{match['name']}" in modules
        return match[0].replace("from ", f"from {prefix}.", 1) if inside else match[0]

    def module(match: re.Match[str]) -> str:
        name = match["module"]
        return match[0].replace(name, f"{prefix}.{name}", 1) if name in modules else match[0]

    code = _IMPORT.sub(plain, code)
    code = _FROM_PACKAGE.sub(from_package, code)
    code = _FROM_MODULE.sub(module, code)
    return _IMPORTLIB.sub(module, code)


def mend_stub(code: str) -> str:
    """Correct a `.pyi` of protoc, so that strict type checkers accept it.

    A message or enum value named like a keyword makes the stub a syntax error, at which mypy gives
    up; such a name cannot be written in Python anyway, so that the stub may call it differently.
    A field named like a scalar type hides that type in its class. A file with extensions has
    `ClassVar` outside of classes; and any stub leaves type arguments out and imports what it does
    not use.
    """
    code = _KEYWORD_MODULE.sub("", code)
    code = _KEYWORD_MEMBER.sub("", code)
    code = _KEYWORD_CLASS.sub(r"\1\2_(", code)
    code = _KEYWORD_GLOBAL.sub(r"\1_", code)
    while _KEYWORD_NESTED.search(code):
        code = _KEYWORD_NESTED.sub(r"\1.\2_", code)
    code = _MODULE_CLASS_VAR.sub(r"\1: int", code)
    code = _BARE_MAPPING.sub("_Mapping[str, _Any]", code)
    code = code.replace("**kwargs)", "**kwargs: _Any)")
    code = code.replace("_python_message._ExtensionDict", "_Any")
    for name in sorted(set(_SCALAR_MEMBER.findall(code))):
        # Where it is a type and not the name of a field, a parameter or a slot.
        code = re.sub(rf'(?<!")\b{name}\b(?![":(])', f"_{name}", code)
        code = f"from builtins import {name} as _{name}\n{code}"
    if "_Any" in code:
        code = f"from typing import Any as _Any\n{code}"
    return _IMPORTED_NAMES.sub(lambda match: _used_import(match, code), code)


def _used_import(match: re.Match[str], code: str) -> str:
    """Return an import line with the names alone that the code uses."""
    names = [
        name
        for name in match["names"].split(", ")
        # An alias with `_` is protoc's own; one without is a public import.
        if not name.rpartition(" ")[2].startswith("_")
        or len(re.findall(rf"\b{name.rpartition(' ')[2]}\b", code)) > 1
    ]
    return f"{match['origin']}{', '.join(names)}\n" if names else ""
