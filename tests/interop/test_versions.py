"""The versions that the driver prints come from the build files of the endpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from interop.cells import LANGUAGES
from interop.versions import in_go_mod, in_npm_lock, in_pom, render, sdk_versions

if TYPE_CHECKING:
    from pathlib import Path

POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <properties><restate.version>2.4.1</restate.version></properties>
  <dependencyManagement><dependencies><dependency>
    <groupId>dev.restate</groupId><artifactId>sdk-core</artifactId><version>${restate.version}</version>
  </dependency></dependencies></dependencyManagement>
  <dependencies>
    <dependency>
      <groupId>dev.restate</groupId><artifactId>sdk-java-http</artifactId><version>2.4.0</version>
    </dependency>
    <dependency>
      <groupId>io.vertx</groupId><artifactId>vertx-core</artifactId><version>4.5.18</version>
    </dependency>
  </dependencies>
</project>
"""


def test_each_language_and_the_server_say_theirs() -> None:
    versions = sdk_versions(LANGUAGES)
    assert list(versions) == ["server", *LANGUAGES]
    for packages in versions.values():
        assert packages
        for version in packages.values():
            assert re.fullmatch(r"\d+\.\d+\.\w+", version)


def test_a_language_that_is_not_run_says_nothing() -> None:
    assert list(sdk_versions(["go"])) == ["server", "go"]


def test_the_sdk_in_a_pom(tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text(POM)
    assert in_pom(pom) == {"sdk-java-http": "2.4.0", "sdk-core": "2.4.1"}


def test_modules_in_a_go_mod(tmp_path: Path) -> None:
    go_mod = tmp_path / "go.mod"
    go_mod.write_text("module m\n\nrequire (\n\ta.b/c v1.2.0\n\ta.b/d v0.1.0 // indirect\n)\n")
    assert in_go_mod(go_mod, ["a.b/c", "a.b/d"]) == {"a.b/c": "1.2.0", "a.b/d": "0.1.0"}
    go_mod.write_text("require a.b/c v1.3.0\n")
    assert in_go_mod(go_mod, ["a.b/c"]) == {"a.b/c": "1.3.0"}
    with pytest.raises(KeyError):
        in_go_mod(go_mod, ["a.b/e"])


def test_packages_in_an_npm_lock(tmp_path: Path) -> None:
    lock = tmp_path / "package-lock.json"
    lock.write_text('{"packages": {"": {}, "node_modules/@a/b": {"version": "1.17.2"}}}')
    assert in_npm_lock(lock, ["@a/b"]) == {"@a/b": "1.17.2"}


def test_a_line_for_each() -> None:
    assert render({"server": {"s": "1.7.0"}, "go": {"a.b/c": "1.2.0", "d": "0.1.0"}}) == (
        "Versions:\nServer      s 1.7.0\nGo          a.b/c 1.2.0, d 0.1.0"
    )
