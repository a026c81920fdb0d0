"""`restate-proto serve`: which endpoint it finds, and what it says when there is none."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from restate_proto.cli.main import app
from restate_proto.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from typer.testing import Result

_names = (f"served_{number}" for number in itertools.count())

ENDPOINT = """
from google.protobuf.empty_pb2 import Empty
from restate_proto import Endpoint
from restate_proto._codegen import v1 as rt

EMPTY = rt.google_codec(Empty)
REST = rt.HandlerDescriptor("Idle", "Rest", "rest", rt.ServiceKind.SERVICE, None, EMPTY, EMPTY)

class Idle(rt.Service):
    __restate_service__ = rt.ServiceDescriptor("Idle", rt.ServiceKind.SERVICE, (REST,))
    async def rest(self, ctx, request): ...

endpoint = Endpoint(Idle())
"""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Endpoint, str]]:
    """What was served, and where: serving itself returns at once."""
    calls: list[tuple[Endpoint, str]] = []

    def serve(self: Endpoint, address: str) -> None:
        calls.append((self, address))

    monkeypatch.setattr(Endpoint, "serve", serve)
    return calls


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Writes a module into the current directory and returns its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    written: list[str] = []

    def write(text: str) -> str:
        name = next(_names)
        (tmp_path / f"{name}.py").write_text(text)
        written.append(name)
        return name

    yield write
    for name in written:
        sys.modules.pop(name, None)


def serve(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["serve", *arguments])


def test_serves_the_endpoint_of_a_module_in_the_current_directory(
    module: Callable[[str], str], served: list[tuple[Endpoint, str]]
) -> None:
    name = module(ENDPOINT)
    result = serve(f"{name}:endpoint")
    assert result.exit_code == 0, result.output
    assert served == [(sys.modules[name].endpoint, "127.0.0.1:9080")]


def test_serves_an_attribute_of_an_attribute_where_it_is_told_to(
    module: Callable[[str], str], served: list[tuple[Endpoint, str]]
) -> None:
    name = module(ENDPOINT + "class shop:\n    main = endpoint\n")
    result = serve(f"{name}:shop.main", "--host", "[::1]:0")
    assert result.exit_code == 0, result.output
    assert served == [(sys.modules[name].endpoint, "[::1]:0")]


@pytest.mark.parametrize("target", ["shop", "shop:", ":endpoint"])
def test_a_target_needs_module_and_attribute(target: str) -> None:
    result = serve(target)
    assert result.exit_code == 2
    assert result.stderr == (
        f"error: '{target}' is not MODULE:ENDPOINT, such as shop.main:endpoint\n"
    )


@pytest.mark.parametrize("host", ["localhost", "9080", "localhost:http", "h:70000"])
def test_an_address_needs_host_and_port(host: str) -> None:
    result = serve("shop:endpoint", "--host", host)
    assert result.exit_code == 2
    assert f"'{host}' is not HOST:PORT" in result.stderr


@pytest.mark.parametrize("target", ["no_such_shop", "no_such_shop.main"])
def test_names_the_module_that_is_missing(target: str, module: Callable[[str], str]) -> None:
    module("")
    result = serve(f"{target}:endpoint")
    assert result.exit_code == 2
    assert "there is no module 'no_such_shop' in " in result.stderr


def test_a_module_that_fails_is_named_with_the_line_that_failed(
    module: Callable[[str], str],
) -> None:
    name = module("\nraise RuntimeError('no database')\n")
    result = serve(f"{name}:endpoint")
    assert result.exit_code == 1
    assert f"cannot import {name}: RuntimeError: no database (" in result.stderr
    assert f"{name}.py:2)" in result.stderr
    assert "Traceback" not in result.output


def test_a_module_that_misses_another_one_is_not_itself_called_missing(
    module: Callable[[str], str],
) -> None:
    name = module("import no_such_database")
    result = serve(f"{name}:endpoint")
    assert result.exit_code == 1
    assert "ModuleNotFoundError: No module named 'no_such_database'" in result.stderr


@pytest.mark.parametrize("library", ["betterproto", "betterproto2"])
def test_a_missing_message_library_is_an_extra(library: str, module: Callable[[str], str]) -> None:
    name = module(f"raise ModuleNotFoundError('No module named {library}', name='{library}')")
    result = serve(f"{name}:endpoint")
    assert result.exit_code == 1
    assert result.stderr.endswith(f"; run `pip install 'restate-proto[{library}]'`\n")


def test_a_syntax_error_is_named_with_its_line(module: Callable[[str], str]) -> None:
    name = module("x = 1\ny = (\n")
    result = serve(f"{name}:endpoint")
    assert result.exit_code == 1
    assert "SyntaxError: '(' was never closed" in result.stderr
    assert f"{name}.py:2)" in result.stderr


def test_a_missing_attribute_is_answered_with_the_endpoints_there_are(
    module: Callable[[str], str],
) -> None:
    name = module(ENDPOINT)
    result = serve(f"{name}:app")
    assert result.exit_code == 2
    assert result.stderr == f"error: module {name} has no 'app'; did you mean {name}:endpoint?\n"


def test_something_else_than_an_endpoint_is_refused(module: Callable[[str], str]) -> None:
    name = module("endpoint = 42\n")
    result = serve(f"{name}:endpoint")
    assert result.exit_code == 2
    assert result.stderr == f"error: {name}:endpoint is of type int, not an Endpoint\n"


def test_an_address_that_is_taken_is_no_traceback(
    module: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Endpoint, address: str) -> None:
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(Endpoint, "serve", refuse)
    result = serve(f"{module(ENDPOINT)}:endpoint")
    assert result.exit_code == 1
    assert result.stderr == "error: cannot listen on 127.0.0.1:9080: Address already in use\n"
