"""Read the settings: options before environment variables before pyproject.toml."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, cast

from restate_proto.endpoint.limits import Limits
from restate_proto.errors import RestateError
from restate_proto.serving.settings import LISTENING, SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.serving.settings import Setting

__all__ = ["SettingsError", "read_endpoint", "read_settings", "settings_of"]

T = TypeVar("T")

_TABLE: Final = "tool.restate-proto"
# Its name, or a table `tool` that may have it: [tool.restate-proto], tool = {...}, [tool].
_TABLE_IN_TOML: Final = re.compile(r"""tool["']?\s*(?:\.\s*["']?restate-proto|\]|=)""")
_LIMITS: Final = tuple(field.name for field in fields(Limits))
_DEFAULT_ADDRESS: Final = ("127.0.0.1", 9080)
_DEFAULT_GRACE: Final = timedelta(seconds=30)
# With --reload the grace is short, because developers want to see their change at once.
_RELOAD_GRACE: Final = timedelta(seconds=1)


class SettingsError(RestateError):
    """A setting is wrong; the text names its source, and says what to write instead."""


class _Found(NamedTuple):
    """The text of a setting in one of the sources.

    Args:
        text: the value.
        source: the source, as users know it.
        rank: the rank of the source; the lowest wins.
    """

    text: str
    source: str
    rank: int


def read_settings(
    options: Mapping[str, str | bool | None], environ: Mapping[str, str], directory: Path
) -> Settings:
    """Read all sources.

    Args:
        options: the options of the command line, by name; None if one is not given.
        environ: the environment.
        directory: the directory in which to look for a pyproject.toml, and then in its parents.

    Raises:
        SettingsError: a value, or a combination of them, is wrong.
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
    return _make_settings(found)


def read_endpoint(environ: Mapping[str, str], directory: Path) -> str | None:
    """Return the endpoint that is served where no argument says which; None if there is none.

    Args:
        environ: the environment.
        directory: the directory in which to look for a pyproject.toml, and then in its parents.

    Raises:
        SettingsError: the pyproject.toml is wrong.
    """
    variable = next(setting.variable for setting in SETTINGS if setting.name == "endpoint")
    found = _from_pyproject(directory).get("endpoint")
    return environ.get(variable) or (found.text if found else None)


def settings_of(texts: Mapping[str, str]) -> Settings:
    """Return the settings that another process has read, from their texts."""
    return _make_settings({name: _Found(text, name, 0) for name, text in texts.items()})


def _from_pyproject(directory: Path) -> dict[str, _Found]:
    for folder in (directory, *directory.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            break
    else:
        return {}
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    if not _may_have_table(text):
        return {}
    import tomllib  # noqa: PLC0415 - takes a tenth of the start, and nearly all do without

    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from None
    table = document
    for name in ("tool", "restate-proto"):
        value = table.get(name, {})
        if not isinstance(value, dict):
            raise SettingsError(f"{path}: {name} is not a table; write [{_TABLE}]")
        table = cast("dict[str, Any]", value)
    found: dict[str, _Found] = {}
    by_key = {setting.key: setting for setting in SETTINGS}
    for key, value in table.items():
        if isinstance(value, dict):
            continue  # settings of other commands
        setting = by_key.get(key)
        if setting is None:
            from difflib import get_close_matches  # noqa: PLC0415 - where something is wrong alone

            near = get_close_matches(key.replace("_", "-"), by_key, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingsError(f"[{_TABLE}] in {path} has no key {key}{hint}")
        source = f"{key} in [{_TABLE}] of {path}"
        found[setting.name] = _Found(_text_of_toml(setting, value, source, folder), source, 3)
    return found


def _may_have_table(text: str) -> bool:
    """Tell whether a pyproject.toml has the table, and not only the package as a dependency."""
    return "restate-proto" in text and _TABLE_IN_TOML.search(text) is not None


def _text_of_toml(setting: Setting, value: object, source: str, folder: Path) -> str:
    """Return a value of TOML as the text that an option would have."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return str(value)
    if not isinstance(value, str):
        raise SettingsError(f"{source}: write a string, a number or a boolean")
    return str(folder / value) if setting.is_path or setting.name == "uds" else value


def _make_settings(found: Mapping[str, _Found]) -> Settings:
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        if (given := found.get(setting.name)) is not None:
            try:
                values[setting.name] = setting.parse(given.text)
            except ValueError as error:
                raise SettingsError(f"{given.source}: {given.text!r}: {error}") from None
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
        listen=_address(found, values),
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
        texts={name: given.text for name, given in found.items()},
    )


def _address(found: Mapping[str, _Found], values: Mapping[str, Any]) -> tuple[str, int] | str | int:
    """Return where to listen, according to the first source that has such a setting.

    Raises:
        SettingsError: that source has two of them.
    """
    given = [name for name in (*LISTENING, "host", "port") if name in found]
    if not given:
        return _DEFAULT_ADDRESS
    rank = min(found[name].rank for name in given)
    first = [name for name in given if found[name].rank == rank]
    alone = [name for name in first if name in LISTENING]
    if alone and len(first) > 1:
        sources = " and ".join(found[name].source for name in first)
        raise SettingsError(f"{sources} each say where to listen: leave one of them")
    if alone:
        return values[alone[0]]
    host, port = _DEFAULT_ADDRESS
    return values.get("host", host), values.get("port", port)
