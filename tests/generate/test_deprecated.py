"""Deprecation: callers are warned when they call; importing and serving is quiet."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import Endpoint, IngressClient
from restate_proto.cli.generate import generate
from tests.generate.golden_cases import CASES

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("deprecated")
    generate(CASES["deprecated"], out)
    return out


@pytest.fixture
def parts(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import the generated module anew while all warnings are errors."""
    before = set(sys.modules)
    monkeypatch.setattr(sys, "path", [str(tree), *sys.path])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield importlib.import_module("golden.deprecated.parts_restate")
    for name in set(sys.modules) - before:
        if name.startswith("golden"):
            del sys.modules[name]


def test_serving_what_is_deprecated_is_quiet(parts: Any) -> None:
    class Left(parts.LeftBase):
        async def do(self, ctx: Any, request: Any) -> Any:
            return request

    class Kept(parts.KeptBase):
        async def run(self, ctx: Any, request: Any) -> Any:
            return request

        async def old(self, ctx: Any) -> Any: ...

        async def new(self, ctx: Any) -> Any: ...

    assert Endpoint(Left(), Kept())


def test_a_deprecated_service_warns_where_a_client_is_made(parts: Any) -> None:
    async def call() -> None:
        words = r"^golden\.deprecated\.Left is deprecated in its contract\.$"
        async with IngressClient("http://127.0.0.1:1") as client:
            with pytest.warns(DeprecationWarning, match=words) as caught:
                left = parts.LeftClient.from_client(client, "k")
            assert caught[0].filename == __file__
            assert left.send(), "it has said so once"
            assert parts.KeptClient.from_client(client, "k")

    asyncio.run(call())


def test_a_deprecated_handler_warns_where_it_is_called(parts: Any) -> None:
    async def call() -> None:
        words = r"^golden\.deprecated\.Kept\.Old is deprecated in its contract\.$"
        async with IngressClient("http://127.0.0.1:1") as client:
            kept = parts.KeptClient.from_client(client, "k")
            for old in (kept.old, kept.send().old):
                with pytest.warns(DeprecationWarning, match=words) as caught:
                    coroutine = old()
                assert caught[0].filename == __file__
                assert inspect.iscoroutine(coroutine)
                coroutine.close()
            with pytest.warns(DeprecationWarning, match=r"Kept\.Run is deprecated"):
                kept.submit(None).close()
            kept.new().close()

    asyncio.run(call())


def test_all_of_a_deprecated_file_is_deprecated(tree: Path) -> None:
    text = (tree / "golden/deprecated/whole_restate.py").read_text()
    assert text.count('@_rt.deprecated("golden.deprecated.whole.Whole is deprecated') == 3
