"""Peers are built if their toolchain is installed and their sources have changed, or left out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from bench import peers
from bench.peers import PEERS, Build

if TYPE_CHECKING:
    from pathlib import Path

APPEND = "import pathlib; pathlib.Path('out').open('a').write('built\\n')"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(peers, "SERVERS", tmp_path)
    path = tmp_path / "language"
    path.mkdir()
    (path / "main.source").write_text("one")
    return path


def build(code: str = APPEND, tool: str = sys.executable) -> Build:
    return Build("language", (tool,), (sys.executable, "-c", code), "out", ("*.source",))


def test_what_has_not_changed_is_not_built_again(folder: Path) -> None:
    assert build().make() is None
    (folder / "main.source").touch()
    assert build().make() is None
    assert (folder / "out").read_text() == "built\n"
    (folder / "main.source").write_text("two")
    assert build().make() is None
    assert (folder / "out").read_text() == "built\nbuilt\n"


def test_a_missing_tool_and_a_failed_build_are_told(folder: Path) -> None:
    assert build(tool="no-such-tool").make() == "no-such-tool not found"
    reason = build("raise SystemExit('no network')").make()
    assert reason is not None
    assert "no network" in reason
    assert build().make() is None


def test_every_peer_has_a_name_and_what_it_is_built_of() -> None:
    assert len({peer.name for peer in PEERS}) == len(PEERS)
    for peer in PEERS:
        if peer.build:
            sources = peers.SERVERS / peer.build.folder
            assert all(list(sources.glob(pattern)) for pattern in peer.build.sources)
