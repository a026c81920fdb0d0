"""The plugin as a function: a serialized `CodeGeneratorRequest` in, the response out."""

from __future__ import annotations

from google.protobuf.compiler import plugin_pb2

from restate_proto.plugin.messages import message_runtime
from restate_proto.plugin.options import parse_options
from restate_proto.plugin.parse import parse_files
from restate_proto.plugin.problems import PluginError
from restate_proto.plugin.render import render_file

__all__ = ["generate", "run"]

_Response = plugin_pb2.CodeGeneratorResponse

# Written as numbers because old protobuf releases have no name for the newer ones.
_EDITION_PROTO2 = 998
_EDITION_2024 = 1001


def run(request: bytes) -> bytes:
    """Answers one request of protoc or buf.

    Args:
        request: a serialized `CodeGeneratorRequest`.

    Returns:
        The serialized `CodeGeneratorResponse`: the files, or the errors for the user.
    """
    response = _Response(
        supported_features=_Response.FEATURE_PROTO3_OPTIONAL | _Response.FEATURE_SUPPORTS_EDITIONS,
        minimum_edition=_EDITION_PROTO2,
        maximum_edition=_EDITION_2024,
    )
    # The options' extensions are registered by now (`parse` imports them), so that parsing the
    # request recognizes them; a request parsed before would keep them as unknown bytes.
    try:
        files = generate(plugin_pb2.CodeGeneratorRequest.FromString(request))
    except PluginError as error:
        response.error = str(error)
    else:
        for name, content in files.items():
            response.file.add(name=name, content=content)
    return response.SerializeToString()


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Generates the Restate code of a request.

    Args:
        request: parsed after this module was imported, see `run`.

    Returns:
        The text of each generated file by its path.

    Raises:
        PluginError: with all that is wrong with the options or the contracts.
    """
    options = parse_options(request.parameter)
    runtime = message_runtime(options.messages)
    return {
        file.output: render_file(file, runtime, options.import_prefix)
        for file in parse_files(request, all_services=options.all_services)
    }
