"""Generate Python code: check the contracts, and print a module for each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.parse.files import parse_request
from restate_proto.contract.paths import printable
from restate_proto.contract.problems import PluginError, Problems
from restate_proto.generate.plugin import boolean_option, given_options
from restate_proto.generate.python.embedded import embedded_files
from restate_proto.generate.python.messages import MESSAGES
from restate_proto.generate.python.names import is_plain_name, python_files
from restate_proto.generate.python.render import render_file

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

__all__ = ["PluginOptions", "generate", "parse_options"]

# What a module's name can be made of. protoc writes the name into import statements as it is, so
# that anything else would become code there.
_IMPORTABLE = re.compile(r"[\w./-]+")
_KNOWN = {
    "messages": "|".join(MESSAGES),
    "import_prefix": "PACKAGE",
    "all_services": "true|false",
}


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Generate the Python code of a request.

    Args:
        request: the request, which has to be parsed after this module was imported; see `run`.

    Returns:
        The text of each generated file by its path.

    Raises:
        PluginError: the options or the contracts have problems; it lists all of them.
    """
    options = parse_options(request.parameter)
    problems = Problems()
    descriptors, parsed = parse_request(
        request, all_services=options.all_services, problems=problems
    )
    found = python_files(parsed, problems)
    problems.raise_if_any()
    _check_paths(request)
    runtime = MESSAGES[options.messages]
    texts: dict[str, str] = {}
    for file in found:
        files = None if runtime.has_descriptors else embedded_files(descriptors, file.model)
        texts[file.output] = render_file(file, runtime, options.import_prefix, files)
    return texts


def _check_paths(request: plugin_pb2.CodeGeneratorRequest) -> None:
    wrong = [file.name for file in request.proto_file if not _IMPORTABLE.fullmatch(file.name)]
    if wrong:
        raise PluginError(
            "\n".join(
                f"{printable(name)}: Python has no name for the module of this file; give it, and "
                "its folders, names of letters, digits, `_` and `-`"
                for name in wrong
            )
        )


@dataclass(frozen=True, slots=True)
class PluginOptions:
    """The options of the Python generator.

    Args:
        messages: the message library of the generated code.
        import_prefix: the package that the generated tree is in; empty if it is an import root.
        all_services: whether a service without a Restate option becomes a plain service.
    """

    messages: str = "protobuf"
    import_prefix: str = ""
    all_services: bool = False


def parse_options(parameter: str) -> PluginOptions:
    """Parse the parameter of a request, `key=value` pairs separated by commas.

    Raises:
        PluginError: an option is unknown, is given twice, or has a value that it does not take.
    """
    # The other generators have it, so it is written for all of them.
    if "validate" in (part.partition("=")[0].strip() for part in parameter.split(",")):
        raise PluginError(
            "Python has no option validate, since its services always validate requests; remove "
            "the option, and install restate-proto[validate]"
        )
    given = given_options(parameter, _KNOWN)
    return PluginOptions(
        messages=_messages(given.get("messages", "protobuf")),
        import_prefix=_import_prefix(given.get("import_prefix", "")),
        all_services=boolean_option("all_services", given.get("all_services", "false")),
    )


def _messages(value: str) -> str:
    if value not in MESSAGES:
        raise PluginError(
            f'messages="{value}" is not a message library; the libraries are {", ".join(MESSAGES)}'
        )
    return value


def _import_prefix(value: str) -> str:
    prefix = value.strip(".")
    if prefix and not all(map(is_plain_name, prefix.split("."))):
        raise PluginError(
            f'import_prefix="{value}" is not a Python package; write one such as import_prefix=acme.gen'
        )
    return prefix
