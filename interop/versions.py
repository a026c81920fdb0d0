"""The versions that the endpoints are built with, read from their own build files."""

from __future__ import annotations

import json
import re
from importlib.metadata import version
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from interop.matrix import title
from interop.toolchains import EXAMPLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_POM = "{http://maven.apache.org/POM/4.0.0}"
_LIBRARIES = ("dev.restate", "com.google.protobuf", "build.buf")
_WHEELS = ("restate-proto", "protobuf", "protovalidate")
_GO_MODULES = (
    "github.com/restatedev/sdk-go",
    "google.golang.org/protobuf",
    "buf.build/go/protovalidate",
)
_NPM_PACKAGES = (
    "@restatedev/restate-sdk",
    "@restatedev/restate-sdk-clients",
    "@bufbuild/protobuf",
    "@bufbuild/protovalidate",
)
_SERVER = "@restatedev/restate-server"


def sdk_versions(languages: Sequence[str]) -> dict[str, dict[str, str]]:
    """Read the versions of the SDKs, of protobuf and protovalidate, and of the server.

    Args:
        languages: the names of the languages.

    Returns:
        Names and versions of packages, for `server` and for each language.
    """
    readers = {
        "python": lambda: {name: version(name) for name in _WHEELS},
        "java": lambda: in_pom(EXAMPLE / "java/pom.xml"),
        "kotlin": lambda: in_pom(EXAMPLE / "kotlin/pom.xml"),
        "go": lambda: in_go_mod(EXAMPLE / "go/go.mod", _GO_MODULES),
        "typescript": lambda: in_npm_lock(EXAMPLE / "typescript/package-lock.json", _NPM_PACKAGES),
    }
    return {
        "server": in_npm_lock(ROOT / "package-lock.json", (_SERVER,)),
        **{language: readers[language]() for language in languages},
    }


def in_pom(pom: Path) -> dict[str, str]:
    """Read the artifacts of Restate, protobuf and protovalidate that a program depends on.

    Args:
        pom: the program's `pom.xml`, which states every version.

    Returns:
        The artifacts and their versions, including `dependencyManagement`, which decides the
        versions of transitive dependencies.
    """
    project = ET.fromstring(pom.read_text())
    properties = {
        each.tag.removeprefix(_POM): each.text or ""
        for each in project.iterfind(f"{_POM}properties/*")
    }
    found: dict[str, str] = {}
    for path in ("dependencies", "dependencyManagement/dependencies"):
        parents = "/".join(_POM + part for part in path.split("/"))
        for dependency in project.iterfind(f"{parents}/{_POM}dependency"):
            group, artifact, said = (
                dependency.findtext(_POM + tag, "") for tag in ("groupId", "artifactId", "version")
            )
            if group in _LIBRARIES:
                found[artifact] = re.sub(r"\$\{(.+?)\}", lambda name: properties[name[1]], said)
    return found


def in_go_mod(go_mod: Path, modules: Sequence[str]) -> dict[str, str]:
    """Read the versions of modules from a `go.mod`.

    Args:
        go_mod: the file.
        modules: the paths of the modules.

    Raises:
        KeyError: `go.mod` does not require a module.
    """
    required = dict(
        re.findall(r"^\s*(?:require\s+)?(\S+) v(\S+)", go_mod.read_text(), re.MULTILINE)
    )
    return {module: required[module] for module in modules}


def in_npm_lock(lock: Path, packages: Sequence[str]) -> dict[str, str]:
    """Read the versions of packages from a `package-lock.json`.

    Args:
        lock: the file.
        packages: the names of the packages.

    Raises:
        KeyError: the lock file does not contain a package.
    """
    locked = json.loads(lock.read_text())["packages"]
    return {package: locked[f"node_modules/{package}"]["version"] for package in packages}


def render(versions: Mapping[str, Mapping[str, str]]) -> str:
    """Write versions for people: a line for the server, and one for each language."""
    lines = ["Versions:"]
    for who, packages in versions.items():
        name = "Server" if who == "server" else title(who)
        lines.append(f"{name:<12}{', '.join(map(' '.join, packages.items()))}")
    return "\n".join(lines)
