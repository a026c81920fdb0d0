"""Reads the settings: options before environment variables before pyproject.toml."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from restate_proto.endpoint.limits import Limits
from restate_proto.errors import RestateError
from restate_proto.serving.settings import LISTENING, SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.serving.settings import Setting

__all__ = ["SettingsError", "read_settings", "settings_of"]

T = TypeVar("T")

_TABLE: Final = "tool.restate-proto"
_LIMITS: Final = tuple(field.name for field in fields(Limits))
_DEFAULT_ADDRESS: Final = ("127.0.0.1", 9080)
_DEFAULT_GRACE: Final = timedelta(seconds=30)
# Nobody who has just changed a line wants to wait for what runs the line before.
_RELOAD_GRACE: Final = timedelta(seconds=1)


class SettingsError(RestateError):
    """A setting is wrong; the text says which source it came from, and what to write instead."""


class _Found(NamedTuple):
    """What a source says of one setting.

    Args:
        text: the value.
        source: the source, as users know it.
        rank: the rank of the source: the lowest counts.
    """

    text: str
    source: str
    rank: int


def read_settings(
    options: Mapping[str, str | bool | None], environ: Mapping[str, str], directory: Path
) -> Settings:
    """Reads all sources.

    Args:
        options: what the command line says, by name; None where it says nothing.
        environ: the environment.
        directory: where the search for a pyproject.toml begins; it goes on in its parents.

    Raises:
        SettingsError: a value, or what some say together, is wrong.
    """
    found = _from_pyproject(directory)
    if environ.get("PORT"):
        found["port"] = _Found(environ["PORT"], "the environment variable PORT", 2)
    for setting in SETTINGS:
        text = environ.get(setting.variable)
        if text:
            source = f"the environment variable {setting.variable}"
            found[setting.name] = _Found(text, source, 1)
        option = options.get(setting.name)
        if option is not None:
            text = str(option).lower() if isinstance(option, bool) else option
            source = setting.option if setting.name != "endpoint" else "the argument"
            found[setting.name] = _Found(text, source, 0)
    return _settings(found)


def settings_of(texts: Mapping[str, str]) -> Settings:
    """The settings that were read in another process, by their texts."""
    return _settings({name: _Found(text, name, 0) for name, text in texts.items()})


def _from_pyproject(directory: Path) -> dict[str, _Found]:
    for folder in (directory, *directory.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            break
    else:
        return {}
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    tool = cast("dict[str, Any]", document.get("tool", {}))
    table = cast("dict[str, Any]", tool.get("restate-proto", {}))
    found: dict[str, _Found] = {}
    by_key = {setting.key: setting for setting in SETTINGS}
    for key, value in table.items():
        if isinstance(value, dict):
            continue  # other commands may have tables of their own
        setting = by_key.get(key)
        if setting is None:
            near = get_close_matches(key.replace("_", "-"), by_key, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"[{_TABLE}] in {path} has no key {key}{hint}")
        source = f"{key} in [{_TABLE}] of {path}"
        found[setting.name] = _Found(_text(setting, value, source, folder), source, 3)
    return found


def _text(setting: Setting, value: object, source: str, folder: Path) -> str:
    """The value of a key of TOML, as the text of an option."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise SettingsError(f"{source}: write a string, a number or a boolean")
    return str(folder / value) if setting.is_path or setting.name == "uds" else value


def _settings(found: Mapping[str, _Found]) -> Settings:
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        if (said := found.get(setting.name)) is not None:
            try:
                values[setting.name] = setting.parse(said.text)
            except ValueError as error:
                raise SettingsError(f"{said.source}: {said.text!r}: {error}") from None
    if "endpoint" not in values:
        raise SettingsError(
            "say which endpoint to serve: restate-proto serve MODULE:ENDPOINT, such as "
            "shop.main:endpoint"
        )
    limits = {name: values[name] for name in _LIMITS if name in values}
    for name, value in limits.items():
        try:
            Limits(**{name: value})
        except ValueError as error:
            raise SettingsError(f"{found[name].source}: {error}") from None
    for name in ("tls_key", "tls_client_ca"):
        if name in values and "tls_certificate" not in values:
            raise SettingsError(f"{found[name].source}: there is no TLS without tls-certificate")
    if values.get("reload") and values.get("workers", 1) > 1:
        raise SettingsError(f"{found['workers'].source}: with reload there is one worker")
    return Settings(
        endpoint=values["endpoint"],
        listen=_listen(found, values),
        workers=values.get("workers"),
        reload=values.get("reload", False),
        allow_code_change=values.get("allow_code_change", False),
        grace=values.get("grace", _RELOAD_GRACE if values.get("reload") else _DEFAULT_GRACE),
        log_level=values.get("log_level"),
        log_format=values.get("log_format"),
        access_log=values.get("access_log", False),
        tls_certificate=values.get("tls_certificate"),
        tls_key=values.get("tls_key"),
        tls_client_ca=values.get("tls_client_ca"),
        limits=limits,
        texts={name: said.text for name, said in found.items()},
    )


def _listen(found: Mapping[str, _Found], values: Mapping[str, Any]) -> tuple[str, int] | str | int:
    """Where to listen: what the first source says that says anything of it.

    Raises:
        SettingsError: that source says two things.
    """
    said = [name for name in (*LISTENING, "host", "port") if name in found]
    if not said:
        return _DEFAULT_ADDRESS
    rank = min(found[name].rank for name in said)
    first = [name for name in said if found[name].rank == rank]
    alone = [name for name in first if name in LISTENING]
    if alone and len(first) > 1:
        sources = " and ".join(found[name].source for name in first)
        raise SettingsError(f"{sources} each say where to listen: leave one of them")
    if alone:
        return values[alone[0]]
    host, port = _DEFAULT_ADDRESS
    return values.get("host", host), values.get("port", port)
