"""Generate Kotlin code: check the contracts, and print a file for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.parse.files import parse_request
from restate_proto.contract.problems import Problems
from restate_proto.generate.jvm.checks import check_files
from restate_proto.generate.jvm.messages import JavaMessages, JvmClass
from restate_proto.generate.jvm.names import (
    ServiceNames,
    awakeable_constant,
    awakeables_class,
    constants,
    exception_name,
)
from restate_proto.generate.jvm.options import JvmOptions
from restate_proto.generate.jvm.support import render_support, support_classes
from restate_proto.generate.kotlin.names import (
    NESTED_CLASSES,
    escaped,
    method_name,
    output,
)
from restate_proto.generate.kotlin.render_awakeables import render_awakeables
from restate_proto.generate.kotlin.render_clients import render_client
from restate_proto.generate.kotlin.render_error import render_error
from restate_proto.generate.kotlin.render_service import render_base, render_handlers
from restate_proto.generate.kotlin.scope import Scope
from restate_proto.generate.kotlin.source import Imports, Printer, file_head
from restate_proto.generate.names import awakeables_by_message
from restate_proto.generate.validation import Validation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.compiler import plugin_pb2

    from restate_proto.contract.schema import FileModel

__all__ = ["generate"]


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Generate the Kotlin code of a request.

    Args:
        request: the request, which has to be parsed after this module was imported; see `run`.

    Returns:
        The text of each generated file by its path.

    Raises:
        PluginError: the options or the contracts have problems; it lists all of them.
    """
    problems = Problems()
    options = JvmOptions.of(request.parameter)
    descriptors, files = parse_request(
        request, all_services=options.all_services, problems=problems
    )
    java = JavaMessages(descriptors)
    validation = Validation(descriptors, is_on=options.validate)
    check_files(
        files,
        java,
        problems,
        language="Kotlin",
        nested_classes=NESTED_CLASSES,
        method_name=method_name,
        validation=validation,
    )
    _check_outputs(files, java, problems)
    problems.raise_if_any()
    made: dict[str, str] = {}
    for file in files:
        package = java.package(file.path)
        for found in support_classes(file, package, validates=validation.of_file(file)):
            path = f"{found.full_name.replace('.', '/')}.kt"
            written = escaped(package) if package else ""
            made[path] = render_support(found.names[0], "kotlin", "kt", written)
        made[output(file, java)] = _render_file(file, java, validation)
        for error in file.errors:
            class_ = JvmClass(package, (exception_name(error),))
            path = f"{class_.full_name.replace('.', '/')}.kt"
            made[path] = render_error(error, package, java)
    return made


def _check_outputs(files: Iterable[FileModel], java: JavaMessages, problems: Problems) -> None:
    """Report two contracts whose code would be in the same file."""
    first: dict[str, str] = {}
    for file in files:
        path = output(file, java)
        other = first.setdefault(path, file.path)
        if other != file.path:
            problems.add(
                file.location,
                f"{other} and {file.path} both become {path}; rename one of them, or write another "
                "java_package in one",
            )


def _render_file(file: FileModel, java: JavaMessages, validation: Validation) -> str:
    """Return the text of the Kotlin file for a contract."""
    package = java.package(file.path)
    names = [name for service in file.services for name in ServiceNames.of(service)]
    hidden = {name for service in file.services for name in constants(service)}
    hidden.update(map(awakeable_constant, file.awakeables))
    awakeables = awakeables_by_message(file)
    names += [awakeables_class(message, java, file).names[0] for message in awakeables]
    imports = Imports(package, {*names, *NESTED_CLASSES, *hidden}, java)
    if file.services:
        imports.use("kotlin.time.Duration")  # users see this one, so it should have the short name
    # The body is printed before the imports, because printing it collects them.
    body = Printer()
    for service in file.services:
        scope = Scope(body, imports, java, service, java.file_class(file.path), validation)
        render_base(scope)
        render_handlers(scope)
        render_client(scope)
    for message, fields in awakeables.items():
        render_awakeables(body, imports, awakeables_class(message, java, file), fields)

    return "\n".join([*file_head(file.path, package, imports), *body.lines]) + "\n"
