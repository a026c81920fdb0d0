"""The generator of Kotlin code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.parse.files import parse_files
from restate_proto.contract.problems import Problems
from restate_proto.generate.jvm.checks import check_files
from restate_proto.generate.jvm.messages import JavaMessages
from restate_proto.generate.kotlin.names import NESTED_CLASSES, method_name, output, own_classes
from restate_proto.generate.kotlin.render import render_file
from restate_proto.generate.parameter import all_services

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

__all__ = ["generate"]


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Generates the Kotlin code of a request.

    Args:
        request: parsed after this module was imported, see `run`.

    Returns:
        The text of each generated file by its path.

    Raises:
        PluginError: with all that is wrong with the options or the contracts.
    """
    problems = Problems()
    files = parse_files(request, all_services=all_services(request.parameter), problems=problems)
    java = JavaMessages(Descriptors(request.proto_file))
    check_files(
        files,
        java,
        problems,
        language="Kotlin",
        nested_classes=NESTED_CLASSES,
        own_classes=lambda file: own_classes(file, java),
        method_name=method_name,
    )
    problems.raise_if_any()
    return {output(file, java): render_file(file, java) for file in files}
