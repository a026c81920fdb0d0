"""A protoc plugin: a serialized `CodeGeneratorRequest` in, the response out; and its console script.

`serve` alone touches stdin and stdout.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from google.protobuf.compiler import plugin_pb2

from restate_proto.contract.parse.go import go_warnings
from restate_proto.contract.paths import path_problem
from restate_proto.contract.problems import PluginError
from restate_proto.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Generate", "all_services", "boolean_option", "given_options", "run", "serve"]

Generate = Callable[[plugin_pb2.CodeGeneratorRequest], dict[str, str]]
"""A generator: the text of each generated file by its path; raises `PluginError`."""

_Response = plugin_pb2.CodeGeneratorResponse

# Written as numbers because old protobuf releases have no name for the newer ones.
_EDITION_PROTO2 = 998
_EDITION_2024 = 1001


def run(
    request: bytes, generate: Generate, *, warn: Callable[[str], object] = lambda _: None
) -> bytes:
    """Answers one request of protoc or buf.

    Args:
        request: a serialized `CodeGeneratorRequest`.
        generate: makes the files of it.
        warn: takes what the user should know, though nothing is wrong.

    Returns:
        The serialized `CodeGeneratorResponse`: the files, or the errors for the user.
    """
    response = _Response(
        supported_features=_Response.FEATURE_PROTO3_OPTIONAL | _Response.FEATURE_SUPPORTS_EDITIONS,
        minimum_edition=_EDITION_PROTO2,
        maximum_edition=_EDITION_2024,
    )
    # The options' extensions are registered by now (the generator's module imports them), so that
    # parsing the request recognizes them; a request parsed before would keep them as unknown bytes.
    try:
        parsed = plugin_pb2.CodeGeneratorRequest.FromString(request)
        files = generate(parsed)
        _check_paths(files)
    except PluginError as error:
        response.error = str(error)
    else:
        for name, content in files.items():
            response.file.add(name=name, content=content)
        for warning in go_warnings(parsed):
            warn(warning)
    return response.SerializeToString()


def _check_paths(files: Iterable[str]) -> None:
    """An option of a contract, such as java_package, may say anything, and is part of a path."""
    problems = [problem for problem in map(path_problem, files) if problem is not None]
    if problems:
        raise PluginError("\n".join(f"the generated file {problem}" for problem in problems))


def serve(plugin: str, generate: Generate, hint: str = "") -> None:
    """Reads a `CodeGeneratorRequest` from stdin and writes the response to stdout.

    Warnings go to stderr, which protoc and buf show.

    Args:
        plugin: the name of the plugin as protoc's options have it: `python-restate`.
        generate: makes the files of a request.
        hint: what to tell those who start it by hand.
    """
    name = f"protoc-gen-{plugin}"
    if "--version" in sys.argv[1:]:
        sys.stdout.write(f"{name} {__version__}\n")
        return
    if sys.stdin.isatty():
        sys.exit(
            f"{name} is a protoc plugin: call it with `protoc --{plugin}_out=DIR ...`, "
            f"or with buf. {hint}".rstrip()
        )
    response = run(
        sys.stdin.buffer.read(), generate, warn=lambda text: sys.stderr.write(f"{text}\n")
    )
    sys.stdout.buffer.write(response)


def given_options(parameter: str, known: Mapping[str, str]) -> dict[str, str]:
    """Splits the parameter of a request.

    Args:
        parameter: `key=value` pairs separated by commas.
        known: what a generator takes: its keys, and what to write for the value of each.

    Raises:
        PluginError: an option is unknown or given twice.
    """
    given: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in parameter.split(","))):
        key, _, value = pair.partition("=")
        if key in given:
            raise PluginError(f'option "{key}" is given twice; keep one')
        given[key] = value
    unknown = ", ".join(f'"{key}"' for key in given if key not in known)
    if unknown:
        options = ", ".join(f"{key}={value}" for key, value in known.items())
        raise PluginError(f"unknown option {unknown}; the options are {options}")
    return given


def boolean_option(key: str, value: str) -> bool:
    """Returns what a flag says.

    Raises:
        PluginError: it is neither true nor false.
    """
    # `all_services` alone, without a value, is how protoc users often switch a flag on.
    if value not in {"true", "false", ""}:
        raise PluginError(f'{key}="{value}" is neither true nor false; write {key}=true')
    return value != "false"


def all_services(parameter: str) -> bool:
    """Parses the parameter of a generator that has one option: `--java-restate_opt=all_services=true`.

    Returns:
        Whether a service without a Restate option becomes a plain service.

    Raises:
        PluginError: an option is unknown, given twice, or its value is not one it takes.
    """
    given = given_options(parameter, {"all_services": "true|false"})
    return boolean_option("all_services", given.get("all_services", "false"))
