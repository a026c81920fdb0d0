"""All contracts' Java code compiles with no warning, and so do the calls that the pages show.

Payloads and validation are right, too.

With javac on the SDK: in `make interop`.

What it needs is what building examples/polyglot/java leaves there.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from restate_proto.generate.java.generate import generate
from tests.generate.golden_cases import CASES, REPOSITORY, protos
from tests.generate.hostile_texts import hostile_texts
from tests.generate.jvm_words import contracts
from tests.generate.languages import JAVA
from tests.generate.verdicts import of_accounts
from tests.jvm_toolchain import class_path, generate_messages, javac, run
from tests.protoc import compile_files
from tests.reference.calls import write_calls

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(
    os.environ.get("COMPILE_JAVA") != "1", reason="COMPILE_JAVA=1 runs javac"
)

PAYLOADS = REPOSITORY / "tests/generate/jvm/payloads"
VALIDATION = REPOSITORY / "tests/generate/jvm/validation"
HOSTILE = REPOSITORY / "tests/generate/jvm/hostile"
OPTIONS = REPOSITORY / "tests/generate/jvm/options"

# Who serves what is deprecated is not warned; who calls it is.
SERVES_DEPRECATED = """
package golden.deprecated;

import dev.restate.sdk.*;

final class Serves {
  static final class Left extends LeftBase {
    @Override
    public Parts.M do_(ObjectContext ctx, Parts.M request) {
      return ctx.get(SEEN).orElse(request);
    }
  }

  static final class Kept extends KeptBase {
    @Override
    public Parts.M run(WorkflowContext ctx, Parts.M request) {
      return request;
    }

    @Override
    public void old(SharedWorkflowContext ctx) {}

    @Override
    public Parts.M new_(SharedWorkflowContext ctx) {
      return Parts.M.getDefaultInstance();
    }
  }
}
"""
CALLS_DEPRECATED = """
package golden.deprecated;

import dev.restate.sdk.Context;

final class Calls {
  static void left(Context ctx) {
    LeftClient.fromContext(ctx, "k");
  }

  static void kept(Context ctx) {
    var kept = KeptClient.fromContext(ctx, "k");
    kept.new_().await();
    kept.old().await();
    kept.send().old();
  }
}
"""

CALL = """package calls;
{imports}

final class Call{number} {{
  static void call(dev.restate.sdk.Context ctx) throws Exception {{
{body}
  }}
}}
"""

# protobuf-java's own code does not compile: messages and packages that are keywords.
UNFIT = {"messages", "packages"}


@pytest.mark.timeout(1800)
def test_javac_has_no_warning_and_what_it_makes_is_right(tmp_path: Path) -> None:
    cases = [case for name, case in CASES.items() if name not in UNFIT]
    files = {
        path: (case / path).read_text()
        for case in (
            *cases,
            *(JAVA.cases["names"], JAVA.cases["validation"]),
            *(PAYLOADS, OPTIONS, REPOSITORY / "proto"),
        )
        for path in protos(case)
        if not path.startswith("restatepb/protocol/")
    }
    files |= contracts()
    sources, messages = tmp_path / "sources", tmp_path / "messages"
    for path, text in generate(compile_files(tmp_path, files, "validate=true", None)).items():
        (sources / path).parent.mkdir(parents=True, exist_ok=True)
        (sources / path).write_text(text)
    messages.mkdir()
    generate_messages(tmp_path / "descriptors", files, messages)
    deprecated = "golden/deprecated"
    (sources / deprecated / "Serves.java").write_text(SERVES_DEPRECATED)
    write_calls(sources / "calls", "Java", "java", CALL)
    callers = tmp_path / "callers" / deprecated
    callers.mkdir(parents=True)
    (callers / "Calls.java").write_text(CALLS_DEPRECATED)
    classes = tmp_path / "classes"
    classes.mkdir()
    javac(messages, classes, "-nowarn")
    javac(sources, classes, "-Xlint:all,-path", "-Werror")
    warnings = javac(callers, classes, "-Xlint:deprecation")
    assert re.findall(r"\[deprecation\] (\w+)", warnings) == ["LeftClient", "old", "old"]
    javac(PAYLOADS, classes)
    javac(VALIDATION, classes)
    javac(HOSTILE, classes)
    java = ("java", "-classpath", class_path("java", classes))
    run(*java, "golden.payloads.JavaMain")
    printed = run(*java, "golden.hostile.JavaMain").splitlines()
    assert [bytes.fromhex(text).decode() for text in printed] == hostile_texts(tmp_path / "texts")
    verdicts = of_accounts()
    answers = run(*java, "validated.v1.JavaMain", *(each.request for each in verdicts))
    assert answers.splitlines() == [each.answer for each in verdicts]
