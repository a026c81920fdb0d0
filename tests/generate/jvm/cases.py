"""The contracts that Java and Kotlin code is generated of, and what is expected of each language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.generate.__main__ import main_java, main_kotlin
from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin
from tests.generate.golden_cases import CASES, check_expected, protos

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.generate.plugin import Generate

__all__ = ["JAVA", "JVM_CASES", "KOTLIN", "Language"]


@dataclass(frozen=True)
class Language:
    """A generator, and the folder of its tests.

    Args:
        name: the name of its package and of that folder.
        generate: the generator.
        script: the console script.
        one: the files that it makes of a service `one.One` in a file of its own.
        is_kept: whether the expected text of a file of the case `names` is kept.
    """

    name: str
    generate: Generate
    script: Callable[[], None]
    one: tuple[str, ...]
    is_kept: Callable[[str], bool] = lambda _: True

    def __str__(self) -> str:
        return self.name

    @property
    def _folder(self) -> Path:
        return Path(__file__).parents[1] / self.name

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
        return {name: CASES[name] for name in shared} | {"names": self._folder / "contracts/names"}

    def contracts(self, case: str) -> dict[str, str]:
        """The text of a case's contracts by their paths."""
        folder = self.cases[case]
        return {path: (folder / path).read_text() for path in protos(folder)}

    def check(self, case: str, made: Mapping[str, str]) -> None:
        """Compares the code of a case with what is expected."""
        kept = {path: text for path, text in made.items() if self._keeps(case, path)}
        check_expected(self._folder / "expected" / case, kept)

    def _keeps(self, case: str, path: str) -> bool:
        """Whether the expected text of a file is kept: once of what is in all packages."""
        if "/RestateHandler." in path:
            return case == "object"
        if "/RestateKeys." in path:
            return case == "keys"
        return case != "names" or self.is_kept(path)


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
)
KOTLIN = Language(
    "kotlin", generate_kotlin, main_kotlin, ("one/RestateHandler.kt", "one/OneRestate.kt")
)

JVM_CASES = [(language, case) for language in (JAVA, KOTLIN) for case in language.cases]
