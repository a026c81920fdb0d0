"""The Go code of all contracts compiles beside protoc-gen-go's, is formatted and vetted, and works."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.generate.drawn_keys import drawn_keys, read, written
from tests.generate.golden_cases import CASES, REPOSITORY, protos
from tests.generate.hostile_texts import hostile_texts
from tests.generate.languages import GO
from tests.generate.verdicts import RULES, of_accounts, of_paths
from tests.go_toolchain import check_module, go, has_go, write_code, write_module
from tests.protoc import compile_files

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not has_go(), reason="there is no Go 1.25")

CHECKS = REPOSITORY / "tests/generate/go/checks"
CASES_MORE = ("comments", "hostile", "nopackage", "syntax")


@pytest.mark.timeout(600)
def test_it_compiles_and_does_as_it_should(tmp_path: Path) -> None:
    """The checks in Go beside this file compare keys with those of Python."""
    module = tmp_path / "module"
    module.mkdir()
    write_module(module)
    cases = {**GO.cases, **{name: CASES[name] for name in CASES_MORE}, "rules": RULES}
    for case, contracts in cases.items():
        files = {path: (contracts / path).read_text() for path in protos(contracts)}
        request = compile_files(tmp_path / case, files, GO.parameter(files), None)
        write_code(request, module)
    shutil.copytree(
        CHECKS, module, dirs_exist_ok=True, ignore=shutil.ignore_patterns("verdicts_test.go")
    )
    (module / "golden/keys/keys.json").write_text(json.dumps(_keys()))
    texts = hostile_texts(tmp_path / "texts")
    (module / "golden/hostile/texts.json").write_text(json.dumps(texts))
    for package, verdicts in (
        ("validated", of_accounts()),
        ("rules", of_paths(tmp_path / "paths")),
    ):
        folder = module / package / "v1"
        (folder / "verdicts.json").write_text(json.dumps([each._asdict() for each in verdicts]))
        shutil.copy(CHECKS / "verdicts_test.go", folder)
    check_module(module)
    go(module, "test", "./...")


def _keys() -> dict[str, list[object]]:
    """Return keys with Python's text of each, and texts with Python's key of each, or None."""
    keys, texts = drawn_keys()
    return {
        "format": [[*key, written(key)] for key in keys],
        "parse": [[text, read(text)] for text in texts],
    }
