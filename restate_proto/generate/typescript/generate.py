"""Generate TypeScript code: check the contracts, and print a file for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.parse.files import parse_request
from restate_proto.contract.problems import PluginError, Problems
from restate_proto.generate.names import awakeables_by_message
from restate_proto.generate.plugin import boolean_option, given_options
from restate_proto.generate.typescript.file import TypeScriptFile
from restate_proto.generate.typescript.messages import EsMessages
from restate_proto.generate.typescript.names import (
    ServiceNames,
    awakeables_name,
    check_names,
    error_names,
    served_by_the_sdk,
)
from restate_proto.generate.typescript.render_contract import render_contract, render_implement
from restate_proto.generate.typescript.render_error import render_error
from restate_proto.generate.typescript.render_keys import render_awakeables, render_keys
from restate_proto.generate.typescript.support import beside, render_support, support_modules
from restate_proto.generate.validation import Validation

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

    from restate_proto.contract.schema import FileModel

__all__ = ["generate"]

_OPTIONS = {
    "all_services": "true|false",
    "validate": "true|false",
    "import_extension": "js|ts|none",
}
_EXTENSIONS = {"js": ".js", "ts": ".ts", "none": ""}


def generate(request: plugin_pb2.CodeGeneratorRequest) -> dict[str, str]:
    """Generate the TypeScript code of a request.

    Args:
        request: the request, which has to be parsed after this module was imported; see `run`.

    Returns:
        The text of each generated file by its path.

    Raises:
        PluginError: the options or the contracts have problems; it lists all of them.
    """
    options = given_options(request.parameter, _OPTIONS)
    takes_all = boolean_option("all_services", options.get("all_services", "false"))
    validates = boolean_option("validate", options.get("validate", "false"))
    extension = _extension(options.get("import_extension", "js"))
    problems = Problems()
    descriptors, files = parse_request(request, all_services=takes_all, problems=problems)
    for file in files:
        check_names(file, problems)
    problems.raise_if_any()
    messages = EsMessages(descriptors, request.file_to_generate, extension)
    validation = Validation(descriptors, is_on=validates)
    made: dict[str, str] = {}
    for file in files:
        made[f"{file.path.removesuffix('.proto')}_restate.ts"] = _render(
            file, messages, extension, validation
        )
        for module in support_modules(file, validates=validation.of_file(file)):
            made[f"{beside(module, file.path)}.ts"] = render_support(module, extension)
    return made


def _extension(value: str) -> str:
    try:
        return _EXTENSIONS[value]
    except KeyError:
        choices = ", ".join(_EXTENSIONS)
        raise PluginError(
            f'import_extension="{value}" is not one of {choices}; write import_extension=js'
        ) from None


def _render(model: FileModel, messages: EsMessages, extension: str, validation: Validation) -> str:
    awakeables, errors = awakeables_by_message(model), error_names(model)
    exported = [
        *(name for each in model.services for name in ServiceNames.of(each).exported(each)),
        *errors.values(),
        *(awakeables_name(fields[0]) for fields in awakeables.values()),
    ]
    file = TypeScriptFile(model.path, messages, extension, exported)
    for service in model.services:
        render_contract(file, service)
        render_keys(file, service)
        if served_by_the_sdk(service):
            render_implement(file, service, validation)
    for error in model.errors:
        render_error(file, error, errors[error.type.full_name])
    for fields in awakeables.values():
        render_awakeables(file, fields)
    return file.text()
