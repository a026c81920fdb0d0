"""The five languages: what each needs, how it is built and how it is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from examples.polyglot.interop.commands import Command
from examples.polyglot.interop.toolchains import EXAMPLE, Tool, has_node, search_path


@dataclass(frozen=True)
class Language:
    """A language of the matrix.

    Attributes:
        name: its name, which is also its folder's.
        package: its package in the contract.
        needs: its tools.
        source: a file that is there when its folder has been written.
        prepare: installs what its code is generated with.
        build: builds it, from generated code.
        start: starts it.
        ready: the beginning of what it prints when it listens.
        caller_encoding: the encoding of its Caller, `binary` or `json`.
        binary_type: the content type that its binary services take from outside.
    """

    name: str
    package: str
    needs: tuple[Tool, ...]
    source: str
    prepare: tuple[Command, ...]
    build: tuple[Command, ...]
    start: Command
    ready: str = "ready"
    caller_encoding: str = "binary"
    binary_type: str = "application/protobuf"

    def missing(self) -> list[str]:
        """What is not there, in words; nothing where it can be built and run."""
        found = [tool.missing() for tool in self.needs]
        if not (EXAMPLE / self.source).exists():
            found.append(f"{self.source} is not there")
        return [text for text in found if text]


def command(folder: str, *argv: str, **environ: str) -> Command:
    """A command of the example, with all tools on its PATH.

    Args:
        folder: where it runs, in the example.
        *argv: the program and its arguments.
        **environ: more variables.
    """
    return Command(argv, EXAMPLE / folder, {"PATH": search_path(), **environ})


def all_languages() -> list[Language]:
    """The five, in the order of the matrix."""
    return [_python(), _jvm("java"), _jvm("kotlin"), _go(), _typescript()]


def _python() -> Language:
    return Language(
        name="python",
        package="polyglot.python.v1",
        needs=(Tool("pyright"),),
        source="python/main.py",
        prepare=(),
        build=(command("python", "pyright", "--pythonpath", sys.executable),),
        start=command("python", sys.executable, "main.py", PYTHONPATH="generated"),
        ready="Serving",
    )


def _jvm(name: str) -> Language:
    return Language(
        name=name,
        package=f"polyglot.{name}.v1",
        needs=(Tool("java", ("-version",), (17, 0)), Tool("mvn")),
        source=f"{name}/pom.xml",
        prepare=(
            command(name, "mvn", "-q", "-B", "initialize"),
            command(name, "chmod", "+x", "target/tools/protoc"),
        ),
        build=(command(name, "mvn", "-q", "-B", "package"),),
        start=command(name, "java", "-jar", f"target/polyglot-{name}.jar"),
    )


def _go() -> Language:
    here = str(EXAMPLE / "go/bin")
    return Language(
        name="go",
        package="polyglot.golang.v1",
        needs=(Tool("go", ("version",), (1, 25)), Tool("gofmt")),
        source="go/main.go",
        prepare=(
            command("go", "go", "install", "tool", GOBIN=here),
            command("go/tools", "go", "install", "tool", GOBIN=here),
        ),
        # The newest generator that the module proxy has is of v0.24. Its code needs these two
        # renames for the SDK's 1.x; they are those of the SDK's own migration guide.
        build=(
            command("go", "gofmt", "-w", "-r", _RENAMED_ERROR, "generated"),
            command("go", "gofmt", "-w", "-r", _RENAMED_OPTION, "generated"),
            command("go", "go", "build", "-o", "bin/endpoint", "."),
        ),
        start=command("go", f"{here}/endpoint"),
        caller_encoding="json",
        binary_type="application/proto",
    )


_RENAMED_ERROR = "sdk_go.TerminalError(e, c) -> sdk_go.ToTerminalError(e, sdk_go.WithErrorCode(c))"
_RENAMED_OPTION = "sdk_go.IngressSendOption -> ingress.SendOption"


def _typescript() -> Language:
    install = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    node = () if has_node(search_path()) else (command("typescript/node22", *install),)
    return Language(
        name="typescript",
        package="polyglot.typescript.v1",
        needs=(Tool("npm"),),
        source="typescript/package.json",
        prepare=(*node, command("typescript", *install)),
        build=(command("typescript", "npm", "run", "build"),),
        start=command("typescript", "node", "dist/src/main.js"),
    )
