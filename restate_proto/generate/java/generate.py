"""Generate Java code: check the contracts, and print the classes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.parse.files import parse_request
from restate_proto.contract.problems import Problems
from restate_proto.generate.java.names import java_files
from restate_proto.generate.java.render_awakeables import render_awakeables
from restate_proto.generate.java.render_client import render_client
from restate_proto.generate.java.render_error import render_error
from restate_proto.generate.java.render_service import render_base, render_handlers
from restate_proto.generate.jvm.messages import JavaMessages
from restate_proto.generate.jvm.options import JvmOptions
from restate_proto.generate.jvm.support import render_support
from restate_proto.generate.validation import Validation

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

    from restate_proto.generate.java.names import JavaFile
    from restate_proto.generate.jvm.messages import JvmClass

__all__ = ["generate"]


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Generate the Java code of a request.

    Args:
        request: the request, which has to be parsed after this module was imported; see `run`.

    Returns:
        The text of each generated file by its path.

    Raises:
        PluginError: the options or the contracts have problems; it lists all of them.
    """
    problems = Problems()
    options = JvmOptions.of(request.parameter)
    descriptors, parsed = parse_request(
        request, all_services=options.all_services, problems=problems
    )
    messages = JavaMessages(descriptors)
    files = java_files(parsed, messages, Validation(descriptors, is_on=options.validate), problems)
    problems.raise_if_any()
    return {
        _path(name): text
        for file in files
        for name, text in _classes(file, messages, _in_package(file, files, messages))
    }


def _classes(
    file: JavaFile, messages: JavaMessages, beside: frozenset[str]
) -> list[tuple[JvmClass, str]]:
    """Return the classes of a file with their texts."""
    found = [
        (name, render_support(name.names[0], "java", "java", file.package)) for name in file.support
    ]
    found += [
        (each.constants, render_awakeables(file, each, messages, beside))
        for each in file.awakeables
    ]
    for error, class_ in file.errors:
        detail = messages.message(error.type)
        found.append((class_, render_error(error, class_, detail, beside)))
    for service in file.services:
        found += [
            (service.base, render_base(file, service, messages, beside)),
            (service.client, render_client(file, service, messages, beside)),
            (service.constants, render_handlers(file, service, beside)),
        ]
    return found


def _in_package(
    file: JavaFile, files: tuple[JavaFile, ...], messages: JavaMessages
) -> frozenset[str]:
    """Return the names of the classes that are known to be in the package of a file."""
    near = [other for other in files if other.package == file.package]
    classes = [found for other in near for found in other.classes]
    classes += [found.constants for other in near for found in other.awakeables]
    classes += [found for other in near for found in other.support]
    generated = {found.names[0] for found in classes}
    return frozenset(generated | set(messages.top_level(file.package)))


def _path(name: JvmClass) -> str:
    return f"{name.full_name.replace('.', '/')}.java"
