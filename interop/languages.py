"""The five languages: what each needs, how it is built, and how it is started."""

from __future__ import annotations

import sys
from dataclasses import dataclass

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


# The JVMs run for seconds: compiling twice, and collecting garbage on many threads, costs more than it
# gives. Kotlin's daemon would be one more JVM, which stays.
_JVM = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
_MAVEN = {"MAVEN_OPTS": " ".join([*_JVM, "-Dkotlin.compiler.daemon=false"])}

_PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def _jvm(name: str, outside: str, visits: str) -> Language:
    jar = f"target/polyglot-{name}.jar"
    tests = (
        f"tests/generate/{name}/test_compiles.py",
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
