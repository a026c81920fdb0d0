"""The generator of Python code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.parse.files import parse_files
from restate_proto.contract.paths import printable
from restate_proto.contract.problems import PluginError, Problems
from restate_proto.generate.python.embedded import embedded_files
from restate_proto.generate.python.messages import MESSAGES
from restate_proto.generate.python.names import python_files
from restate_proto.generate.python.options import parse_options
from restate_proto.generate.python.render import render_file

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

__all__ = ["generate"]

# What can be part of a module's name: protoc writes that into import statements as it is, and what
# is none would be other code there.
_IMPORTABLE = re.compile(r"[\w./-]+")


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Generates the Python code of a request.

    Args:
        request: parsed after this module was imported, see `run`.

    Returns:
        The text of each generated file by its path.

    Raises:
        PluginError: with all that is wrong with the options or the contracts.
    """
    options = parse_options(request.parameter)
    problems = Problems()
    parsed = parse_files(request, all_services=options.all_services, problems=problems)
    found = python_files(parsed, problems)
    problems.raise_if_any()
    _check_paths(request)
    runtime = MESSAGES[options.messages]
    descriptors = Descriptors(request.proto_file)
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
