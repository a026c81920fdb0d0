"""All contracts' Kotlin code compiles with no warning, and so do the calls that the pages show.

Payloads and validation are right, too. With the SDK: in `make interop`.

It takes what building examples/polyglot/kotlin leaves there: protoc, and what Maven has fetched.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from restate_proto.generate.kotlin.generate import generate
from tests.generate.golden_cases import CASES, REPOSITORY, parameter, protos
from tests.generate.hostile_texts import hostile_texts
from tests.generate.jvm_words import contracts
from tests.generate.languages import KOTLIN
from tests.generate.verdicts import of_accounts
from tests.jvm_toolchain import class_path, generate_messages, kotlinc, run
from tests.protoc import compile_files
from tests.reference.calls import write_calls

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    os.environ.get("COMPILE_KOTLIN") != "1", reason="COMPILE_KOTLIN=1 runs kotlinc"
)

PAYLOADS = REPOSITORY / "tests/generate/jvm/payloads"
VALIDATION = REPOSITORY / "tests/generate/jvm/validation"
HOSTILE = REPOSITORY / "tests/generate/jvm/hostile"

# Who serves what is deprecated is not warned.
SERVES_DEPRECATED = """
package golden.deprecated

import dev.restate.sdk.kotlin.*

internal class Left : LeftBase() {
    override suspend fun `do`(ctx: ObjectContext, request: Parts.M): Parts.M = request
}

internal class Kept : KeptBase() {
    override suspend fun run(ctx: WorkflowContext, request: Parts.M): Parts.M = request

    override suspend fun old(ctx: SharedWorkflowContext) {}

    override suspend fun new(ctx: SharedWorkflowContext): Parts.M = Parts.M.getDefaultInstance()
}
"""

CALL = """package calls
{imports}

@Suppress("UNUSED_VARIABLE")
internal suspend fun call{number}(ctx: dev.restate.sdk.kotlin.Context) {{
{body}
}}
"""

# protobuf-java's own classes of these do not compile: messages and packages that are keywords.
CONTRACTS = {
    **{name: case for name, case in CASES.items() if name not in {"messages", "packages"}},
    "kotlin": KOTLIN.cases["names"],
    "validation": KOTLIN.cases["validation"],
    "payloads": PAYLOADS,
    "options": REPOSITORY / "tests/generate/jvm/options",
    "shop, and the options": REPOSITORY / "proto",
}


@pytest.mark.timeout(1800)
def test_kotlinc_has_no_warning_and_what_it_makes_is_right(tmp_path: Path) -> None:
    sources = tmp_path / "generated"
    sources.mkdir()
    cases = [
        (
            name,
            files := {
                path: (case / path).read_text()
                for path in protos(case)
                if not path.startswith("restatepb/protocol/")
            },
            "all_services=true" if "all_services" in parameter(case) else KOTLIN.parameter(files),
        )
        for name, case in CONTRACTS.items()
    ]
    for name, files, flag in (*cases, ("words", contracts(), "")):
        workspace = tmp_path / "contracts" / name
        workspace.mkdir(parents=True)
        for path, text in generate(compile_files(workspace, files, flag, None)).items():
            (sources / path).parent.mkdir(parents=True, exist_ok=True)
            assert not (sources / path).exists(), "each contract has packages of its own"
            (sources / path).write_text(text)
        generate_messages(workspace / "descriptors", files, sources)
    (sources / "golden/deprecated/Serves.kt").write_text(SERVES_DEPRECATED)
    write_calls(sources / "calls", "Kotlin", "kt", CALL)
    for name in ("Checks.java", "KotlinMain.kt"):
        shutil.copy(PAYLOADS / "golden/payloads" / name, sources / "golden/payloads" / name)
    for program in (
        VALIDATION / "validated/v1/KotlinMain.kt",
        HOSTILE / "golden/hostile/KotlinMain.kt",
    ):
        shutil.copy(program, sources / program.relative_to(program.parents[2]))
    classes = kotlinc(tmp_path)
    assert list(classes.rglob("CartBase.class"))
    java = ("java", "-classpath", class_path("kotlin", classes))
    run(*java, "golden.payloads.KotlinMainKt")
    printed = run(*java, "golden.hostile.KotlinMainKt").splitlines()
    assert [bytes.fromhex(text).decode() for text in printed] == hostile_texts(tmp_path / "texts")
    verdicts = of_accounts()
    answers = run(*java, "validated.v1.KotlinMainKt", *(each.request for each in verdicts))
    assert answers.splitlines() == [each.answer for each in verdicts]
