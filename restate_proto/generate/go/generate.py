"""Generate Go code: check the contracts, and print a file for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.parse.files import parse_request
from restate_proto.contract.problems import Problems
from restate_proto.generate.go.checks import check_names, check_rules
from restate_proto.generate.go.file import GoFile
from restate_proto.generate.go.names import error_name
from restate_proto.generate.go.packages import GoOptions, GoPackages
from restate_proto.generate.go.render_client import render_client, render_ingress_client
from restate_proto.generate.go.render_error import render_error
from restate_proto.generate.go.render_keys import render_awakeables, render_keys
from restate_proto.generate.go.render_server import render_server
from restate_proto.generate.go.support import render_support, support_files
from restate_proto.generate.names import awakeables_by_message, snake_case
from restate_proto.generate.plugin import boolean_option
from restate_proto.generate.validation import Validation

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

    from restate_proto.contract.schema import ErrorModel, FileModel

__all__ = ["generate"]


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Generate the Go code of a request.

    Args:
        request: the request, which has to be parsed after this module was imported; see `run`.

    Returns:
        The text of each generated file by its path.

    Raises:
        PluginError: the options or the contracts have problems; it lists all of them.
    """
    options = GoOptions(request.parameter)
    takes_all = boolean_option("all_services", options.all_services)
    validates = boolean_option("validate", options.validate)
    problems = Problems()
    descriptors, files = parse_request(request, all_services=takes_all, problems=problems)
    problems.raise_if_any()
    packages = GoPackages(descriptors, options)
    check_names(files, packages, problems)
    validation = Validation(descriptors, is_on=validates)
    check_rules(files, packages, validation, problems)
    problems.raise_if_any()
    made: dict[str, str] = {}
    for file in files:
        made[f"{packages.prefix(file.path)}_restate.pb.go"] = _render(file, packages, validation)
        for name in support_files(file, validates=validation.of_file(file)):
            path = packages.beside(file.path, f"{name}.pb.go")
            made[path] = render_support(name, packages.name(file.path))
        # Each error has a file of its own, because several contracts of a package may use it.
        for error in file.errors:
            name = f"restate_{snake_case(error_name(error))}.pb.go"
            made[packages.beside(file.path, name)] = _render_error(file, error, packages)
    return made


def _render(model: FileModel, packages: GoPackages, validation: Validation) -> str:
    file = GoFile(model.path, packages)
    for service in model.services:
        render_server(file, service, validation)
        render_client(file, service)
        render_ingress_client(file, service)
        render_keys(file, service)
    for fields in awakeables_by_message(model).values():
        render_awakeables(file, fields)
    return file.text()


def _render_error(model: FileModel, error: ErrorModel, packages: GoPackages) -> str:
    file = GoFile(model.path, packages, error.type.full_name)
    render_error(file, error)
    return file.text()
