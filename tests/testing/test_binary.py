from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.testing import RestateServerNotFoundError, find_restate_server

if TYPE_CHECKING:
    from pathlib import Path

NATIVE = b"\x7fELF..."
SCRIPT = b"#!/usr/bin/env node\n"


def make(path: Path, content: bytes = NATIVE, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
    return path


def npm_install(project: Path) -> tuple[Path, Path]:
    """Create what npm installs: the start script in .bin, and the platform's binary."""
    modules = project / "node_modules"
    native = make(modules / "@restatedev/restate-server-linux-x64/bin/restate-server")
    script = make(modules / "@restatedev/restate-server/lib/index.js", SCRIPT)
    link = modules / ".bin" / "restate-server"
    link.parent.mkdir()
    link.symlink_to(script)
    return link, native


def test_the_environment_variable_wins(tmp_path: Path) -> None:
    npm_install(tmp_path)
    named = make(tmp_path / "mine")

    assert find_restate_server({"RESTATE_SERVER": str(named)}, tmp_path) == named


@pytest.mark.parametrize("mode", [None, 0o644])
def test_an_environment_variable_that_names_no_program(tmp_path: Path, mode: int | None) -> None:
    npm_install(tmp_path)
    named = tmp_path / "mine"
    if mode is not None:
        make(named, mode=mode)

    with pytest.raises(RestateServerNotFoundError, match=r"RESTATE_SERVER=.*mine is not an exec"):
        find_restate_server({"RESTATE_SERVER": str(named)}, tmp_path)


def test_path_comes_before_node_modules(tmp_path: Path) -> None:
    npm_install(tmp_path)
    on_path = make(tmp_path / "bin" / "restate-server")

    assert find_restate_server({"PATH": str(tmp_path / "bin")}, tmp_path) == on_path


def test_node_modules_of_a_parent(tmp_path: Path) -> None:
    _, native = npm_install(tmp_path)
    below = tmp_path / "src" / "shop"
    below.mkdir(parents=True)

    assert find_restate_server({}, below) == native


def test_the_nearest_node_modules_that_has_one(tmp_path: Path) -> None:
    npm_install(tmp_path)
    below = tmp_path / "shop"
    (below / "node_modules" / "left-pad").mkdir(parents=True)
    _, native = npm_install(below / "deep")

    assert find_restate_server({}, below / "deep") == native
    assert find_restate_server({}, below) != native


def test_npms_start_script_is_replaced_by_what_it_starts(tmp_path: Path) -> None:
    link, native = npm_install(tmp_path)

    assert find_restate_server({"RESTATE_SERVER": str(link)}, tmp_path) == native
    assert find_restate_server({"PATH": str(link.parent)}, tmp_path) == native


def test_a_script_of_somebody_else_is_run_as_it_is(tmp_path: Path) -> None:
    script = make(tmp_path / "a/b/c/restate-server", b"#!/bin/sh\n")

    assert find_restate_server({"PATH": str(script.parent)}, tmp_path) == script


def test_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(RestateServerNotFoundError) as caught:
        find_restate_server({"PATH": str(tmp_path)}, tmp_path)

    for said in ("npm install @restatedev/restate-server", "make setup", "RESTATE_SERVER"):
        assert said in str(caught.value)
