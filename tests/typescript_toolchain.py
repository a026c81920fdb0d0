"""tsc, ESLint, and protoc-gen-es beside our generator, as installed by npm."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from google.protobuf.compiler.plugin_pb2 import CodeGeneratorRequest

from restate_proto.generate.typescript.generate import generate
from restate_proto.rules import RULES_FILE
from tests.folders import write_files
from tests.protoc import run_plugin

__all__ = ["compile_project", "lint_project", "write_code"]

_MODULES = Path(__file__).parents[1] / "node_modules"
_COMPILER_OPTIONS = {
    "target": "es2022",
    "module": "nodenext",
    "strict": True,
    "verbatimModuleSyntax": True,
    "exactOptionalPropertyTypes": True,
    "noImplicitOverride": True,
    "noImplicitReturns": True,
    "noPropertyAccessFromIndexSignature": True,
    "noUncheckedIndexedAccess": True,
    "noUnusedLocals": True,
    "noUnusedParameters": True,
    "declaration": True,
    "skipLibCheck": True,
    "types": ["node"],
}


def write_code(request: CodeGeneratorRequest, folder: Path) -> None:
    """Write the messages of a request and the rules that it has, and our code for its contracts."""
    parameter = "target=ts,import_extension=js"
    with_rules = CodeGeneratorRequest()
    with_rules.CopyFrom(request)
    if any(each.name == RULES_FILE for each in request.proto_file):
        with_rules.file_to_generate.append(RULES_FILE)
    messages = run_plugin([_MODULES / ".bin/protoc-gen-es"], with_rules, parameter)
    write_files(folder, generate(request) | messages)


def compile_project(folder: Path) -> None:
    """Compile `source` in a folder to `out` there; any diagnostic fails the test."""
    (folder / "node_modules").symlink_to(_MODULES)
    (folder / "package.json").write_text('{"type": "module"}')
    config = {"compilerOptions": _COMPILER_OPTIONS | {"rootDir": "source", "outDir": "out"}}
    (folder / "tsconfig.json").write_text(json.dumps(config | {"include": ["source"]}))
    tsc = [_MODULES / ".bin/tsc", "--project", folder]
    done = subprocess.run(tsc, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def lint_project(folder: Path, config: Path) -> set[tuple[str, str, str]]:
    """Lint our code below `source` in the folder of a project, whatever its comments switch off.

    Args:
        folder: the folder, in which `compile_project` has compiled the code.
        config: the configuration of ESLint.

    Returns:
        The path below `source`, the rule and the message of each finding.
    """
    source = folder / "source"
    patterns = ("*_restate.ts", "restate_*.ts")
    eslint = [_MODULES / ".bin/eslint", "--no-inline-config", "--format=json", "--config", config]
    done = subprocess.run(
        [*eslint, *(f"source/**/{pattern}" for pattern in patterns)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode < 2, done.stderr
    linted = {Path(each["filePath"]): each["messages"] for each in json.loads(done.stdout)}
    assert set(linted) == {path for pattern in patterns for path in source.rglob(pattern)}
    return {
        (path.relative_to(source).as_posix(), found["ruleId"], found["message"])
        for path, findings in linted.items()
        for found in findings
    }
