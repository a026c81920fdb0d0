"""The choice of the HTTP/2 library."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from restate_proto.http2.client import Http2Client
from restate_proto.http2.engines import (
    _default,  # pyright: ignore[reportPrivateUsage] - which it remembers
    engine_name,
    load_engine,
)
from restate_proto.http2.server import Server
from tests.http2.support import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _nothing_chosen_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("RESTATE_PROTO_HTTP2", raising=False)
    _default.cache_clear()
    yield
    _default.cache_clear()


@pytest.fixture(params=["not installed", "broken"])
def without_ngh2(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "restate_proto.http2.engines.ngh2", raising=False)
    if request.param == "not installed":
        monkeypatch.setitem(sys.modules, "ngh2", None)
        return
    for name in [name for name in sys.modules if name.partition(".")[0] == "ngh2"]:
        monkeypatch.delitem(sys.modules, name)
    (tmp_path / "ngh2.py").write_text("raise ImportError('ngh2.so: undefined symbol')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])


def test_the_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTATE_PROTO_HTTP2", "ngh2")
    assert engine_name("h2") == "h2"
    assert engine_name() == "ngh2"
    monkeypatch.setenv("RESTATE_PROTO_HTTP2", "h2")
    assert engine_name() == "h2"


def test_ngh2_is_taken_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine_name() == "ngh2"
    monkeypatch.setenv("RESTATE_PROTO_HTTP2", "")
    assert engine_name() == "ngh2"


@pytest.mark.usefixtures("without_ngh2")
def test_h2_is_taken_where_ngh2_cannot_be_imported(caplog: pytest.LogCaptureFixture) -> None:
    assert load_engine().__name__ == "H2Engine"  # type: ignore[attr-defined]
    assert engine_name() == "h2"
    (said,) = caplog.records
    assert said.levelname == "WARNING"
    assert "HTTP/2 runs on h2" in said.getMessage()
    assert "ngh2" in said.getMessage()


@pytest.mark.usefixtures("without_ngh2")
def test_who_chose_h2_is_told_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert load_engine("h2").__name__ == "H2Engine"  # type: ignore[attr-defined]
    assert caplog.records == []


@pytest.mark.usefixtures("without_ngh2")
def test_asking_for_ngh2_says_what_to_do() -> None:
    with pytest.raises(ImportError, match=r"pip install 'ngh2>=0\.3,<0\.4'.*\"h2\""):
        load_engine("ngh2")


def make_server(engine: str | None) -> object:
    return Server(Request, engine=engine)


def make_client(engine: str | None) -> object:
    return Http2Client("http://127.0.0.1:1", engine=engine)


@pytest.mark.parametrize("make", [make_server, make_client])
def test_an_unknown_name_is_an_error_that_says_where_it_came_from(
    make: Callable[[str | None], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"engine='hyper'.*h2.*or.*ngh2"):
        make("hyper")
    monkeypatch.setenv("RESTATE_PROTO_HTTP2", "fast")
    with pytest.raises(ValueError, match="RESTATE_PROTO_HTTP2='fast'"):
        make(None)


@pytest.mark.parametrize(("engine", "other"), [("h2", "ngh2"), ("ngh2", "h2")])
def test_only_the_chosen_library_is_imported(engine: str, other: str) -> None:
    code = (
        "import sys; from restate_proto.http2.server import Server; "
        f"Server(print, engine={engine!r}); "
        f"sys.exit({other!r} in sys.modules or {engine!r} not in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
