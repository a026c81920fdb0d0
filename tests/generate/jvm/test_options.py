"""File options that change protobuf-java's classes, or seem to; javac and kotlinc check the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.generate.java.generate import generate as generate_java
from restate_proto.generate.kotlin.generate import generate as generate_kotlin
from restate_proto.generate.python.generate import generate as generate_python
from tests.generate.golden_cases import REPOSITORY, protos
from tests.generate.languages import LANGUAGES

if TYPE_CHECKING:
    from restate_proto.generate.plugin import Generate
    from tests.protoc import Compile

OPTIONS = REPOSITORY / "tests/generate/jvm/options"


def contracts() -> dict[str, str]:
    return {path: (OPTIONS / path).read_text() for path in protos(OPTIONS)}


@pytest.mark.parametrize(
    "generate",
    [generate_python, *(language.generate for language in LANGUAGES)],
    ids=["python", *map(str, LANGUAGES)],
)
def test_what_protoc_optimizes_for_changes_no_code(
    generate: Generate, compile_request: Compile
) -> None:
    go = 'option go_package = "example.com/lite";\n'
    text = contracts()["golden/options/lite.proto"] + go
    lite = generate(compile_request({"lite.proto": text}))
    for other in ("SPEED", "CODE_SIZE"):
        assert lite == generate(
            compile_request({"lite.proto": text.replace("LITE_RUNTIME", other)})
        )


@pytest.mark.parametrize("generate", [generate_java, generate_kotlin])
def test_packages_and_classes_may_have_a_dollar(
    generate: Generate, compile_request: Compile
) -> None:
    made = generate(compile_request(contracts()))
    assert any(path.startswith("golden/options/$String/Dollar") for path in made)
    code = "".join(made.values()).replace("`", "")
    for name in ("golden.options.$String", "golden.options.$Map.$Optional_", "$Duration.Key"):
        assert name in code
