"""The generator of Python code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.plugin.parse import parse_files
from restate_proto.plugin.python.embedded import embedded_files
from restate_proto.plugin.python.messages import MESSAGES
from restate_proto.plugin.python.options import parse_options
from restate_proto.plugin.python.render import render_file

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

__all__ = ["generate"]


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
    runtime = MESSAGES[options.messages]
    texts: dict[str, str] = {}
    for file in parse_files(request, all_services=options.all_services):
        files = None if runtime.has_descriptors else embedded_files(request.proto_file, file)
        texts[file.output] = render_file(file, runtime, options.import_prefix, files)
    return texts
