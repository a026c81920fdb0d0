"""`restate-proto serve`: which endpoint it finds, and the error if there is none."""

from __future__ import annotations

import itertools
import socket
import sys
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from restate_proto import Limits
from restate_proto.cli.main import app
from restate_proto.serving.loading import load_endpoint
from restate_proto.serving.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from typer.testing import Result

    from restate_proto.serving.settings import Settings

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
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that were served with: serving itself returns at once."""
    calls: list[Settings] = []
    monkeypatch.setattr("restate_proto.serving.alone.serve_alone", calls.append)
    return calls


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], str]]:
    """Write a module into the current directory and return its name."""
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


def option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def test_serves_the_endpoint_of_a_module_in_the_current_directory(
    module: Callable[[str], str], served: list[Settings]
) -> None:
    name = module(ENDPOINT + "class shop:\n    main = endpoint\n")
    for target in (f"{name}:endpoint", f"{name}:shop.main"):
        result = serve(target)
        assert result.exit_code == 0, result.output
        endpoint = load_endpoint(served.pop())
        assert endpoint.manifest == sys.modules[name].endpoint.manifest


def test_every_setting_is_an_option(served: list[Settings]) -> None:
    said = {
        "host": "localhost",
        "port": "9081",
        "grace": "5m",
        "log_level": "DEBUG",
        "log_format": "json",
        **{field.name: "6m" for field in fields(Limits) if field.name.endswith("timeout")},
        **{field.name: "1_048_576" for field in fields(Limits) if field.name.startswith("max")},
    }
    options = [text for name, value in said.items() for text in (option(name), value)]
    result = serve("shop:endpoint", *options, "--access-log")
    assert result.exit_code == 0, result.output
    (settings,) = served
    assert settings.listen == ("localhost", 9081)
    assert settings.grace == timedelta(minutes=5)
    assert (settings.log_level, settings.log_format, settings.access_log) == ("debug", "json", True)
    assert Limits(**settings.limits).read_timeout == timedelta(minutes=6)
    assert Limits(**settings.limits).max_streams == 2**20
    assert settings.limits.keys() == {field.name for field in fields(Limits)}


def test_an_option_wins_over_a_variable_and_both_over_pyproject(
    served: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.restate-proto]\nendpoint = "shop:endpoint"\ngrace = 1\nport = 1\naccess-log = true\n'
        "max-streams = 1\n[tool.restate-proto.deploy]\nurl = 'http://of.another'\n"
    )
    monkeypatch.setenv("RESTATE_PROTO_GRACE", "2")
    monkeypatch.setenv("RESTATE_PROTO_MAX_STREAMS", "2")
    monkeypatch.setenv("RESTATE_PROTO_ACCESS_LOG", "false")
    result = serve("--grace", "3")
    assert result.exit_code == 0, result.output
    (settings,) = served
    assert settings.endpoint == "shop:endpoint"
    assert settings.grace == timedelta(seconds=3)
    assert settings.limits == {"max_streams": 2}
    assert settings.listen == ("127.0.0.1", 1)
    assert not settings.access_log


@pytest.mark.parametrize("name", ["-h", "--help"])
def test_the_help_names_every_option(name: str) -> None:
    result = CliRunner().invoke(app, ["serve", name], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for setting in SETTINGS[1:]:
        assert f"{setting.option} " in result.stdout


@pytest.mark.parametrize("target", ["shop", "shop:", ":endpoint"])
def test_a_target_needs_module_and_attribute(target: str) -> None:
    result = serve(target)
    assert result.exit_code == 2
    assert result.stderr == (
        f"error: the argument: '{target}': write MODULE:ENDPOINT, such as shop.main:endpoint\n"
    )


def test_what_is_to_be_served_has_to_be_said() -> None:
    result = serve()
    assert result.exit_code == 2
    assert "restate-proto serve MODULE:ENDPOINT" in result.stderr


@pytest.mark.parametrize(
    "target",
    ["./shop:endpoint", ".shop:endpoint", "shop\\main:endpoint", "a..b:endpoint"],
)
def test_a_path_is_not_the_name_of_a_module(target: str) -> None:
    result = serve(target)
    assert result.exit_code == 2
    assert f"{target!r} is not MODULE:ENDPOINT, such as shop.main:endpoint" in result.stderr


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


@pytest.mark.parametrize("host", ["a..b", "a" * 300])
def test_a_name_that_no_host_can_have_is_no_traceback(
    host: str, module: Callable[[str], str]
) -> None:
    name = module(ENDPOINT)
    result = serve(f"{name}:endpoint", "--host", host, "--port", "0")
    assert result.exit_code == 1
    assert f"error: cannot listen on {host}:0: " in result.stderr


def test_an_address_that_is_taken_is_no_traceback(module: Callable[[str], str]) -> None:
    name = module(ENDPOINT)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = serve(f"{name}:endpoint", "--port", str(port))
    assert result.exit_code == 1
    message = (
        "Address already in use; stop the program that listens there, or choose another with --port"
    )
    assert result.stderr.endswith(f"error: cannot listen on 127.0.0.1:{port}: {message}\n")


def test_a_lifespan_that_fails_is_one_line(module: Callable[[str], str]) -> None:
    name = module(
        f"{ENDPOINT}\n"
        "from contextlib import asynccontextmanager\n"
        "@asynccontextmanager\n"
        "async def connect():\n"
        "    raise OSError('no database')\n"
        "    yield\n"
        "endpoint = Endpoint(Idle(), lifespan=connect)\n"
    )
    result = serve(f"{name}:endpoint", "--port", "0")
    assert result.exit_code == 1
    assert "error: cannot set up the endpoint's lifespan: OSError: no database\n" in result.stderr
    assert "Traceback" not in result.output
