"""The five languages: what each needs, how it is built and how it is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

from interop.commands import Command
from interop.toolchains import EXAMPLE, ROOT, Tool, has_node, search_path


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
        run_handler: the name of the handler that runs its workflows.
        outside: its program that calls from outside of Restate, where there is one.
        visits: its program that visits desks from outside, where it has desks.
        check: compiles what its generator makes of other contracts, with what the build left.
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
    run_handler: str = "Run"
    outside: Command | None = None
    visits: Command | None = None
    check: tuple[Command, ...] = ()

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
    return [
        _python(),
        _jvm("java", "polyglot.Outside", "polyglot.VisitOutside"),
        _jvm("kotlin", "polyglot.OutsideKt", "polyglot.VisitOutsideKt"),
        _go(),
        _typescript(),
    ]


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
        visits=command("python", sys.executable, "visit_outside.py", PYTHONPATH="generated"),
    )


def _jvm(name: str, outside: str, visits: str) -> Language:
    jar = f"target/polyglot-{name}.jar"
    pytest = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    compiles = f"tests/generate/{name}/test_compiles.py"
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
        start=command(name, "java", "-jar", jar),
        outside=command(name, "java", "-cp", jar, outside),
        visits=command(name, "java", "-cp", jar, visits),
        check=(Command((*pytest, compiles), ROOT, {f"COMPILE_{name.upper()}": "1"}),),
    )


def _go() -> Language:
    here = str(EXAMPLE / "go/bin")
    newest = command("go", "go", "install", GO_GENERATOR, GOBIN=here)
    return Language(
        name="go",
        package="polyglot.golang.v1",
        needs=(Tool("go", ("version",), (1, 25)), Tool("gofmt")),
        source="go/main.go",
        prepare=(
            command("go", "go", "install", "tool", GOBIN=here),
            replace(newest, otherwise=command("go/tools", "go", "install", "tool", GOBIN=here)),
        ),
        # They change what the generator of v0.24 writes, as the SDK's own migration guide says;
        # what the newest writes needs no change and has none of these.
        build=(
            command("go", "gofmt", "-w", "-r", _RENAMED_ERROR, "generated"),
            command("go", "gofmt", "-w", "-r", _RENAMED_OPTION, "generated"),
            command("go", "go", "build", "-o", "bin/endpoint", "."),
        ),
        start=command("go", f"{here}/endpoint"),
        caller_encoding="json",
        binary_type="application/proto",
    )


GO_GENERATOR = "github.com/restatedev/sdk-go/x/protoc-gen-go-restate@v0.26.0"
"""Not every module proxy has it. `go/tools` has the last one of the place that it was in before."""

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
        run_handler="run",
    )
