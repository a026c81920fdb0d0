"""The contracts that code in other languages is generated from, and the expected output."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.generate.__main__ import main_go, main_java, main_kotlin, main_typescript
from restate_proto.generate.go.generate import generate as generate_go
from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin
from restate_proto.generate.typescript.generate import generate as generate_typescript
from restate_proto.rules import RULES_FILE
from tests.generate.golden_cases import CASES, check_expected, protos

if TYPE_CHECKING:
    from restate_proto.generate.plugin import Generate

__all__ = ["GO", "JAVA", "KOTLIN", "LANGUAGES", "LANGUAGE_CASES", "TYPESCRIPT", "Language"]


_VALIDATED = Path(__file__).parents[1] / "validation/contract"

_PACKAGE = re.compile(r"^ *package ([\w.]+);", re.MULTILINE)

# The case that keeps the text of what is in all packages or folders.
_ONCE = {
    "/RestateHandler.": "object",
    "/RestateKeys.": "keys",
    "/RestateValidation.": "validation",
    "/restate_serde.": "object",
    "/restate_keys.": "keys",
    "/restate_errors.": "errors",
    "/restate_codec.": "object",
    "/restate_validation.": "validation",
}


@dataclass(frozen=True)
class Language:
    """A generator, and the folder of its tests.

    Args:
        name: the name of its package and of that folder.
        generate: the generator.
        script: the console script.
        one: the files that it makes of a service `one.One` in a file of its own.
        is_kept: whether the expected text of a file of the case `names` is kept.
        parameter: what the generator is given for contracts, their texts by their paths.
    """

    name: str
    generate: Generate
    script: Callable[[], None]
    one: tuple[str, ...]
    is_kept: Callable[[str], bool] = lambda _: True
    parameter: Callable[[Mapping[str, str]], str] = lambda _: ""

    def __str__(self) -> str:
        return self.name

    @property
    def _folder(self) -> Path:
        return Path(__file__).parent / self.name

    @property
    def cases(self) -> Mapping[str, Path]:
        """The folders of contracts, by the name of the case."""
        shared = (
            "awakeables",
            "deprecated",
            "errors",
            "keys",
            "object",
            "raw",
            "service",
            "workflow",
        )
        own = {"names": self._folder / "contracts/names", "validation": _VALIDATED}
        return {name: CASES[name] for name in shared} | own

    def contracts(self, case: str) -> dict[str, str]:
        """The text of a case's contracts by their paths."""
        folder = self.cases[case]
        return {path: (folder / path).read_text() for path in protos(folder)}

    def check(self, case: str, made: Mapping[str, str]) -> None:
        """Compare the code of a case with what is expected."""
        kept = {path: text for path, text in made.items() if self._keeps(case, path)}
        check_expected(self._folder / "expected" / case, kept)

    def _keeps(self, case: str, path: str) -> bool:
        """Return whether this case keeps a golden file: shared files are kept in one case."""
        for file, kept in _ONCE.items():
            if file in path:
                return case == kept
        return case != "names" or self.is_kept(path)


def _validate_by_rules(contracts: Mapping[str, str]) -> str:
    """Switch validation on if the contract has a rule."""
    return "validate=true" if any(RULES_FILE in text for text in contracts.values()) else ""


JAVA = Language(
    "java",
    generate_java,
    main_java,
    (
        "one/RestateHandler.java",
        "one/OneBase.java",
        "one/OneClient.java",
        "one/OneHandlers.java",
    ),
    # Of odd names the bases tell nearly enough.
    lambda path: path.endswith(("Base.java", "/IngressClient.java")),
    _validate_by_rules,
)
KOTLIN = Language(
    "kotlin",
    generate_kotlin,
    main_kotlin,
    ("one/RestateHandler.kt", "one/OneRestate.kt"),
    parameter=_validate_by_rules,
)

TYPESCRIPT = Language(
    "typescript",
    generate_typescript,
    main_typescript,
    ("one_restate.ts", "restate_serde.ts"),
    parameter=_validate_by_rules,
)


def _of_go(contracts: Mapping[str, str]) -> str:
    """One Go package for each proto package; and validation, where there is a rule."""
    paths = {
        path: found[1].replace(".", "/") if (found := _PACKAGE.search(text)) else "alone"
        for path, text in contracts.items()
    }
    modules = (f"M{path}=example.com/{package}" for path, package in paths.items())
    options = ["module=example.com", *modules, _validate_by_rules(contracts)]
    return ",".join(filter(None, options))


GO = Language(
    "go",
    generate_go,
    main_go,
    ("one/one_restate.pb.go", "one/restate_codec.pb.go"),
    parameter=_of_go,
)

LANGUAGES = (GO, JAVA, KOTLIN, TYPESCRIPT)
LANGUAGE_CASES = [(language, case) for language in LANGUAGES for case in language.cases]
