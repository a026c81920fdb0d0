"""The five languages: what each needs, how to build it, and how to start it."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from interop.commands import Command
from interop.toolchains import EXAMPLE, ROOT, Tool, has_node, search_path


@dataclass(frozen=True)
class Language:
    """A language of the matrix.

    Attributes:
        name: its name, which is also the name of its folder.
        package: its package in the contract.
        needs: the tools that have to be installed.
        source: a file that shows that its endpoint is part of the example.
        prepare: the commands that install what generates its code.
        build: the commands that build it from generated code.
        start: the command that starts its endpoint.
        ready: the beginning of the line that it prints once it listens.
        run_handler: the name of the handler that runs its workflows.
        outside: the program that calls from outside of Restate, if it has one.
        visits: the program that visits desks from outside, if it has desks.
        check: the commands that compile what its generator makes of other contracts.
    """

    name: str
    package: str
    needs: tuple[Tool, ...]
    source: str
    prepare: tuple[Command, ...]
    build: tuple[Command, ...]
    start: Command
    ready: str = "ready"
    run_handler: str = "Run"
    outside: Command | None = None
    visits: Command | None = None
    check: tuple[Command, ...] = ()

    def missing(self) -> list[str]:
        """Return in words what is missing on this machine; empty if the language can run."""
        found = [tool.missing() for tool in self.needs]
        if not (EXAMPLE / self.source).exists():
            found.append(f"{self.source} is not there")
        return [text for text in found if text]


def command(folder: str, *argv: str, **environ: str) -> Command:
    """Return a command of the example, with all tools on its PATH.

    Args:
        folder: the folder in the example where it runs.
        *argv: the program and its arguments.
        **environ: additional environment variables.
    """
    return Command(argv, EXAMPLE / folder, {"PATH": search_path(), **environ})


def all_languages() -> list[Language]:
    """Return the five languages in the order of the matrix."""
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


# The JVMs run for seconds only, in which a second compiler and parallel garbage collection do not
# pay. Kotlin's daemon would be another JVM, and would keep running.
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_MAVEN = {"MAVEN_OPTS": " ".join([*_JVM, "-Dkotlin.compiler.daemon=false"])}

_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def _jvm(name: str, outside: str, visits: str) -> Language:
    jar = f"target/polyglot-{name}.jar"
    tests = (
        f"tests/generate/{name}/test_compiles.py",
        f"tests/buf/test_managed.py::test_{name}_compiles_beside_the_messages",
        f"tests/examples/test_{name}.py",
    )
    switches = {f"COMPILE_{name.upper()}": "1", f"FOLLOW_{name.upper()}": "1", **_MAVEN}
    return Language(
        name=name,
        package=f"polyglot.{name}.v1",
        needs=(Tool("java", ("-version",), (17, 0)), Tool("mvn")),
        source=f"{name}/pom.xml",
        prepare=(
            command(name, "mvn", "-q", "-B", "initialize", **_MAVEN),
            command(name, "chmod", "+x", "target/tools/protoc"),
        ),
        build=(command(name, "mvn", "-q", "-B", "package", **_MAVEN),),
        start=command(name, "java", *_JVM, "-jar", jar),
        outside=command(name, "java", *_JVM, "-cp", jar, outside),
        visits=command(name, "java", *_JVM, "-cp", jar, visits),
        check=(Command((*_PYTEST, "-n0", *tests), ROOT, switches),),
    )


def _go() -> Language:
    here = str(EXAMPLE / "go/bin")
    tests = ("tests/generate/go/test_compiles.py", "tests/examples/test_go.py")
    return Language(
        name="go",
        package="polyglot.golang.v1",
        needs=(Tool("go", ("version",), (1, 25)), Tool("gofmt")),
        source="go/main.go",
        prepare=(command("go", "go", "install", "tool", GOBIN=here),),
        build=(
            command("go", "go", "vet", "./..."),
            command("go", "go", "build", "-o", "bin/endpoint", "."),
        ),
        start=command("go", f"{here}/endpoint"),
        outside=command("go", f"{here}/endpoint", "outside"),
        visits=command("go", f"{here}/endpoint", "visits"),
        check=(Command((*_PYTEST, "-n0", *tests), ROOT, {"FOLLOW_GO": "1"}),),
    )


def _typescript() -> Language:
    install = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    node = () if has_node(search_path()) else (command("typescript/node22", *install),)
    return Language(
        name="typescript",
        package="polyglot.typescript.v1",
        needs=(Tool("npm"),),
        source="typescript/package.json",
        prepare=(*node, command("typescript", *install)),
        build=(
            command("typescript", "npm", "run", "build"),
            command("typescript", "npm", "run", "lint"),
        ),
        start=command("typescript", "node", "dist/src/main.js"),
        outside=command("typescript", "node", "dist/src/outside.js"),
        visits=command("typescript", "node", "dist/src/visit_outside.js"),
        check=(
            Command(
                (*_PYTEST, "-n0", "tests/examples/test_typescript.py"),
                ROOT,
                {"PATH": search_path()},
            ),
        ),
        run_handler="run",
    )
