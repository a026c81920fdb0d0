"""The frame of a protoc plugin: parses the request, runs a generator, and makes the response.

`run` works on bytes; only `serve` reads stdin and writes stdout.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from google.protobuf.compiler import plugin_pb2
from google.protobuf.message import DecodeError

from restate_proto.contract.parse.go import go_warnings
from restate_proto.contract.paths import path_problem, printable
from restate_proto.contract.problems import PluginError
from restate_proto.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Generate", "boolean_option", "given_options", "run", "serve"]

Generate = Callable[[plugin_pb2.CodeGeneratorRequest], dict[str, str]]
"""A generator: returns the text of each generated file by its path, or raises `PluginError`."""

_Response = plugin_pb2.CodeGeneratorResponse

# Written as numbers because old protobuf releases have no name for the newer ones.
_EDITION_PROTO2 = 998
_EDITION_2024 = 1001


def run(
    request: bytes,
    generate: Generate,
    *,
    warn: Callable[[str], object] | None = None,
    warns_of_go: bool = True,
) -> bytes:
    """Answer one request of protoc or buf.

    Args:
        request: a serialized `CodeGeneratorRequest`.
        generate: the generator.
        warn: takes warnings, for a request that is valid; None drops them.
        warns_of_go: whether to warn of services that the Go SDK's own generator misunderstands.

    Returns:
        The serialized `CodeGeneratorResponse`: the files, or the errors for the user.
    """
    response = _Response(
        supported_features=_Response.FEATURE_PROTO3_OPTIONAL | _Response.FEATURE_SUPPORTS_EDITIONS,
        minimum_edition=_EDITION_PROTO2,
        maximum_edition=_EDITION_2024,
    )
    # By now the extensions of our options are registered, because importing the generator imports
    # them. A request that was parsed before would keep our options as unknown bytes.
    try:
        parsed = plugin_pb2.CodeGeneratorRequest.FromString(request)
        files = generate(parsed)
        _check_paths(files)
    except PluginError as error:
        response.error = str(error)
    except DecodeError as error:
        response.error = (
            f"the request is not a CodeGeneratorRequest, as protoc and buf write it: {error}"
        )
    else:
        for name, content in files.items():
            response.file.add(name=name, content=content)
        if warn is not None:
            if not files and (nothing := _why_nothing(parsed)) is not None:
                warn(nothing)
            for warning in go_warnings(parsed) if warns_of_go else ():
                warn(warning)
    return response.SerializeToString()


def _why_nothing(request: plugin_pb2.CodeGeneratorRequest) -> str | None:
    """Return the warning for services that give no code; None if there are no services."""
    wanted = set(request.file_to_generate)
    names = [file.name for file in request.proto_file if file.name in wanted and file.service]
    if not names:
        return None
    return (
        f"{printable(', '.join(names))}: warning: nothing is generated, because no service has an "
        "option of Restate, such as (restatepb.v1.service); write one. If the contract has it, "
        "remove exclude_types from this plugin in buf.gen.yaml, since it hides the options"
    )


def _check_paths(files: Iterable[str]) -> None:
    """Refuse file names that are not paths; options of a contract are part of them."""
    problems = [problem for problem in map(path_problem, files) if problem is not None]
    if problems:
        raise PluginError("\n".join(f"the generated file {problem}" for problem in problems))


def serve(plugin: str, generate: Generate, hint: str = "", *, warns_of_go: bool = True) -> None:
    """Read a `CodeGeneratorRequest` from stdin and write the response to stdout.

    Warnings go to stderr, which protoc and buf show.

    Args:
        plugin: the name of the plugin in protoc's options: `python-restate`.
        generate: the generator.
        hint: advice for people who start the plugin by hand.
        warns_of_go: whether to warn of services that the Go SDK's own generator misunderstands.
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

    def warn(text: str) -> None:
        sys.stderr.write(f"{text}\n")

    request = sys.stdin.buffer.read()
    response = run(request, generate, warn=warn, warns_of_go=warns_of_go)
    sys.stdout.buffer.write(response)


def given_options(parameter: str, known: Mapping[str, str]) -> dict[str, str]:
    """Split the parameter of a request, and refuse options that the generator does not have.

    Args:
        parameter: `key=value` pairs separated by commas.
        known: the options of the generator, each with what to write as its value.

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
    """Return the value of a flag.

    Raises:
        PluginError: the value is neither true nor false.
    """
    # protoc users often set a flag without a value, as in `all_services`.
    if value not in {"true", "false", ""}:
        raise PluginError(f'{key}="{value}" is neither true nor false; write {key}=true')
    return value != "false"
