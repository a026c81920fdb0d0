"""Where settings come from, which source wins, and the errors for wrong values."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from restate_proto import Limits
from restate_proto.serving.settings import SETTINGS
from restate_proto.serving.sources import SettingsError, read_settings, settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from restate_proto.serving.settings import Settings


def read(
    directory: Path,
    options: dict[str, str | bool | None] | None = None,
    environ: dict[str, str] | None = None,
    pyproject: str = "",
) -> Settings:
    if pyproject:
        (directory / "pyproject.toml").write_text(f"[tool.restate-proto]\n{pyproject}")
    return read_settings({"endpoint": "a:b", **(options or {})}, environ or {}, directory)


def test_without_any_source_there_are_defaults(tmp_path: Path) -> None:
    settings = read(tmp_path)
    assert settings.listen == ("127.0.0.1", 9080)
    assert settings.grace == timedelta(seconds=30)
    assert settings.workers is None
    assert settings.limits == {}


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("1.5s", 1.5), ("500ms", 0.5), ("2m", 120), ("1h", 3600)]
)
def test_durations_are_seconds_or_have_a_unit(tmp_path: Path, text: str, seconds: float) -> None:
    assert read(tmp_path, {"grace": text}).grace == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("options", "environ", "pyproject", "listen"),
    [
        ({}, {"PORT": "8080"}, "port = 1", ("127.0.0.1", 8080)),
        ({}, {"PORT": "8080", "RESTATE_PROTO_PORT": "8081"}, "", ("127.0.0.1", 8081)),
        ({"host": "::"}, {"PORT": "8080"}, 'host = "0.0.0.0"', ("::", 8080)),
        ({"bind": "0.0.0.0:1"}, {"PORT": "8080"}, "", ("0.0.0.0", 1)),
        ({"bind": "[::1]:1"}, {}, "", ("::1", 1)),
        ({"host": "[::1]", "port": "1"}, {}, "", ("::1", 1)),
        ({"host": "::1", "port": "1"}, {}, "", ("::1", 1)),
        ({"fd": "3"}, {"RESTATE_PROTO_UDS": "/run/shop"}, "port = 1", 3),
        ({}, {"RESTATE_PROTO_UDS": "/run/shop", "PORT": "8080"}, "", "/run/shop"),
        ({"port": "1"}, {}, 'uds = "shop.sock"', ("127.0.0.1", 1)),
    ],
)
def test_where_it_listens_is_what_the_first_source_says(
    tmp_path: Path,
    options: dict[str, str | bool | None],
    environ: dict[str, str],
    pyproject: str,
    listen: object,
) -> None:
    assert read(tmp_path, options, environ, pyproject).listen == listen


@pytest.mark.parametrize(
    "text",
    [
        "[tool.restate-proto]\nport = 1",
        "[ tool . restate-proto ]\nport = 1",
        "[tool.'restate-proto']\nport = 1",
        "[tool]\nrestate-proto = {port = 1}",
        "[tool]\nrestate-proto.port = 1",
        'tool."restate-proto" . port = 1',
        '[project]\ndependencies = ["restate-proto"]\n[tool.restate-proto]\nport = 1',
    ],
)
def test_a_table_of_pyproject_is_found_however_it_is_written(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert read(tmp_path).listen == ("127.0.0.1", 1)


def test_paths_in_pyproject_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "certificate.pem").touch()
    below = tmp_path / "src"
    below.mkdir()
    text = '[tool.restate-proto]\nuds = "shop.sock"\ntls-certificate = "certificate.pem"\n'
    (tmp_path / "pyproject.toml").write_text(text)
    settings = read(below)
    assert settings.listen == str(tmp_path / "shop.sock")
    assert settings.tls_certificate == tmp_path / "certificate.pem"


@pytest.mark.parametrize(
    ("options", "environ", "pyproject", "message"),
    [
        ({"port": "http"}, {}, "", "--port: 'http': a port is a whole number from 0 to 65,535"),
        (
            {},
            {"RESTATE_PROTO_GRACE": "soon"},
            "",
            "the environment variable RESTATE_PROTO_GRACE: 'soon': a duration is a number of seconds",
        ),
        ({}, {"PORT": "-1"}, "", "the environment variable PORT: '-1': a port is"),
        (
            {},
            {},
            'log-level = "loud"',
            "log-level in [tool.restate-proto] of {dir}/pyproject.toml: ",
        ),
        (
            {},
            {},
            "log-levle = 1",
            "{dir}/pyproject.toml has no key log-levle; did you mean log-level?",
        ),
        (
            {},
            {},
            "workers = [1]",
            "workers in [tool.restate-proto] of {dir}/pyproject.toml: write a",
        ),
        ({}, {}, "workers = ", "{dir}/pyproject.toml cannot be read: "),
        (
            {"workers": "0"},
            {},
            "",
            "--workers: '0': the number of workers is a whole number from 1",
        ),
        ({"host": "0.0.0.0:9191"}, {}, "", "'0.0.0.0:9191': a host has no port: write bind 0.0"),
        ({"host": "[::1]:80"}, {}, "", "write bind [::1]:80, or host ::1 and port 80"),
        ({"host": ""}, {}, "", "--host: '': a host is an address or a name"),
        ({"host": "[]"}, {}, "", "--host: '[]': a host is an address or a name"),
        ({"workers": "\u0663"}, {}, "", "the number of workers is a whole number from 1"),
        ({"workers": "9" * 5000}, {}, "", "the number of workers is a whole number from 1"),
        ({"grace": "\u0663s"}, {}, "", "a duration is a number of seconds"),
        ({"bind": "::1"}, {}, "", "'::1' is not HOST:PORT, such as 127.0.0.1:9080 or [::1]:9080"),
        ({"bind": "localhost"}, {}, "", "--bind: 'localhost': 'localhost' is not HOST:PORT"),
        ({"bind": ":1", "port": "2"}, {}, "", "--bind and --port each say where to listen"),
        ({"idle_timeout": "4m"}, {}, "", "--idle-timeout: idle_timeout="),
        ({"max_header_bytes": "1"}, {}, "", "--max-header-bytes: max_header_bytes=1 must be 4096"),
        ({"tls_certificate": "gone"}, {}, "", "--tls-certificate: 'gone': the file cannot be read"),
        ({"reload": True, "workers": "2"}, {}, "", "--workers: with reload there is one worker"),
        ({"access_log": None}, {"RESTATE_PROTO_ACCESS_LOG": "si"}, "", "write true or false"),
    ],
)
def test_what_is_wrong_says_where_it_came_from_and_what_to_write(
    tmp_path: Path,
    options: dict[str, str | bool | None],
    environ: dict[str, str],
    pyproject: str,
    message: str,
) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, options, environ, pyproject)
    assert message.format(dir=tmp_path) in str(raised.value)


def test_a_key_alone_is_no_tls(tmp_path: Path) -> None:
    (tmp_path / "key.pem").touch()
    with pytest.raises(SettingsError, match=r"--tls-key: there is no TLS without tls-certificate"):
        read(tmp_path, {"tls_key": str(tmp_path / "key.pem")})


def test_another_process_reads_the_same_from_the_texts(tmp_path: Path) -> None:
    pyproject = 'grace = 7\nmax-streams = 5\nhost = "0.0.0.0"\nallow-code-change = true'
    settings = read(tmp_path, {"access_log": True, "workers": "2"}, {"PORT": "1"}, pyproject)
    assert settings_of(settings.texts) == settings


def test_the_limits_that_can_be_set_are_all_and_their_defaults_are_right() -> None:
    limits = {setting.name: setting for setting in SETTINGS if setting.group.startswith("Limits")}
    assert limits.keys() == {field.name for field in fields(Limits)}
    for name, setting in limits.items():
        default = setting.default.split(", with")[0].replace(",", "")
        assert setting.parse(default) == getattr(Limits(), name), name


def test_every_setting_has_its_own_name_and_help() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    assert all(setting.help.endswith(".") for setting in SETTINGS)
