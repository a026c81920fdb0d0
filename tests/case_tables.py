"""Tables of the cases of test suites that others wrote: to each, our tests, or why there is none.

A table is a TOML file. `suite` says whose cases they are and `version` of which release; `[without]`
has the reasons, by a short name. Each other section is a file of the suite, with its cases: our test,
a list of tests, or `{ without = NAME }`. A test is a node id of pytest below `tests`; one that ends
with `[TEXT]` is any whose parameters contain that text.

    python -m tests.case_tables TABLE CHECKOUT

prints how a table differs from the sources of its suite.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CaseTable"]

TESTS = Path(__file__).parent


@dataclass(frozen=True)
class CaseTable:
    """A table, read.

    Args:
        suite: whose cases they are.
        tests: our tests, by the case.
        without: the reasons of those that have none, by the case.
        problems: what is wrong with the table itself.
    """

    suite: str
    tests: Mapping[str, tuple[str, ...]]
    without: Mapping[str, str]
    problems: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> CaseTable:
        """Read a table.

        Args:
            path: its file.
        """
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
        suite, reasons = table.pop("suite"), table.pop("without")
        del table["version"]
        tests: dict[str, tuple[str, ...]] = {}
        without: dict[str, str] = {}
        problems: list[str] = []
        for file, cases in table.items():
            for name, entry in cases.items():
                case = f"{file} {name}"
                match entry:
                    case str():
                        tests[case] = (entry,)
                    case [*several] if several:
                        tests[case] = tuple(several)
                    case {"without": reason, **rest} if reason in reasons and not rest:
                        without[case] = reasons[reason]
                    case _:
                        problems.append(f"{case}: {entry!r} is neither tests nor a known reason")
        used = {
            name for cases in table.values() for entry in cases.values() for name in _name(entry)
        }
        problems += [f"nothing is without for {name!r}" for name in reasons if name not in used]
        return cls(suite, tests, without, tuple(problems))

    def missing(self, configurations: int = 1, **environ: str) -> list[str]:
        """Return the tests that the table names and pytest does not find, with their cases.

        Args:
            configurations: in how many of them each test has to be.
            **environ: what is in pytest's environment besides.
        """
        files = {test.partition("::")[0] for tests in self.tests.values() for test in tests}
        found = _collected(files, environ)
        return [
            f"{case}: {test} is there {count} times"
            for case, tests in self.tests.items()
            for test in tests
            if not (count := _count(test, found)) or count % configurations
        ]


def _name(entry: object) -> list[str]:
    match entry:
        case {"without": str(reason)}:
            return [reason]
        case _:
            return []


def _collected(files: set[str], environ: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the tests that pytest finds in files: the parameters of each function."""
    options = ("--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider")
    result = subprocess.run(
        (sys.executable, "-m", "pytest", *options, *sorted(str(TESTS / file) for file in files)),
        capture_output=True,
        text=True,
        check=False,
        cwd=TESTS.parent,
        env=os.environ | environ,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    found: dict[str, list[str]] = {}
    for line in result.stdout.splitlines():
        function, _, parameters = line.removeprefix("tests/").partition("[")
        found.setdefault(function, []).append(parameters.removesuffix("]"))
    return found


def _count(test: str, found: Mapping[str, list[str]]) -> int:
    function, _, text = test.removesuffix("]").partition("[")
    return sum(text in parameters for parameters in found.get(function, ()))


# ---- The sources of the suites ----


def cases_in(checkout: Path) -> Iterator[str]:
    """Return the cases of a suite in Rust or Kotlin, as the tables name them.

    Args:
        checkout: the folder of its sources.
    """
    for path in sorted(checkout.rglob("*")):
        read = {".rs": _rust_cases, ".kt": _kotlin_cases}.get(path.suffix)
        if read is not None and "generated" not in path.parts:
            for case in read(path.read_text("utf-8")):
                yield f"{path.relative_to(checkout).as_posix()} {case}"


_MACROS = {
    "test_try_future_resolve": "try_resolve_",
    "test_convert_unresolved_future": "unresolved_future_to_message_",
    "roundtrip_test": "",
}


def _rust_cases(source: str) -> Iterator[str]:
    """Find functions with an attribute that ends with `test`, and tests of macros, by module."""
    modules: list[tuple[str, int]] = []
    depth, is_test, macro = 0, False, None
    for line in source.splitlines():
        if match := re.match(r"\s*(?:pub )?mod (\w+) \{", line):
            modules.append((match[1], depth))
        path = "".join(f"{name}::" for name, _ in modules if name != "tests")
        if re.match(r"\s*#\[(?:\w+::)?test\b", line):
            is_test = True
        elif match := re.match(r"\s*(\w+)!\(\s*(\w*)", line):
            macro = _MACROS.get(match[1])
            if macro is not None and match[2]:
                yield f"{path}{macro}{match[2]}"
                macro = None
        elif macro is not None and (match := re.match(r"\s*(\w+),", line)):
            yield f"{path}{macro}{match[1]}"
            macro = None
        elif match := re.match(r"\s*fn (\w+)?", line):
            if is_test and match[1]:
                yield f"{path}{match[1]}"
            is_test = False
        depth += line.count("{") - line.count("}")
        while modules and depth <= modules[-1][1]:
            modules.pop()


def _kotlin_cases(source: str) -> Iterator[str]:
    """Find methods with an annotation that ends with `Test`."""
    for match in re.finditer(
        r"@(?:Parameterized)?Test\b(?:(?!\bfun\b).)*?\bfun (\w+)", source, re.DOTALL
    ):
        yield match[1]


def main(arguments: list[str]) -> int:
    """Print how a table differs from the sources of its suite."""
    table, checkout = CaseTable.read(Path(arguments[0])), Path(arguments[1])
    ours, theirs = {*table.tests, *table.without}, set(cases_in(checkout))
    for case in sorted(theirs - ours):
        print(f"the table lacks {case}")
    for case in sorted(ours - theirs):
        print(f"{table.suite} has no {case}")
    print(
        f"{len(table.tests)} with tests, {len(table.without)} without, {len(theirs)} in the sources"
    )
    return int(ours != theirs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
