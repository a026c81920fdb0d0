"""Read one service: whether it is a Restate service, of which kind, and with which options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from restate_proto.contract.option_reader import (
    KindOption,
    unknown_field,
)
from restate_proto.contract.parse.config import parse_config
from restate_proto.contract.parse.declarations import parse_declarations
from restate_proto.contract.parse.errors import parse_errors
from restate_proto.contract.parse.go import check_go_service
from restate_proto.contract.parse.handlers import parse_handlers
from restate_proto.contract.parse.key import parse_key
from restate_proto.contract.parse.scope import ServiceScope
from restate_proto.contract.schema import ServiceModel
from restate_proto.model.config import Config
from restate_proto.model.kinds import Encoding, ServiceKind
from restate_proto.model.names import service_name_problem
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import ServiceDescriptor

    from restate_proto.contract.parse.scope import FileScope

__all__ = ["parse_service", "report_service_name"]

_ENCODINGS = {
    options_pb2.ENCODING_UNSPECIFIED: Encoding.PROTOBUF,
    options_pb2.ENCODING_PROTOBUF: Encoding.PROTOBUF,
    options_pb2.ENCODING_JSON: Encoding.JSON,
}


def parse_service(
    file: FileScope, descriptor: ServiceDescriptor
) -> tuple[ServiceScope, ServiceModel] | None:
    """Read one service.

    Args:
        file: the file that has it.
        descriptor: its descriptor.

    Returns:
        The service and its scope; None if it is not a Restate service, or its kind is unclear.
    """
    option = _kind_option(file, descriptor)
    if option is None:
        return None
    scope = ServiceScope(file, descriptor, option)
    unknown = unknown_field(option.message)
    if unknown:
        scope.report(
            scope.option_location(),
            f"{unknown} that this version of restate-proto does not know; install a newer one",
        )
    check_go_service(scope)
    handlers = parse_handlers(scope)
    declarations = parse_declarations(scope)
    key = parse_key(scope, handlers)
    return scope, ServiceModel(
        proto=descriptor.name,
        full_name=descriptor.full_name,
        name=_name(scope),
        kind=option.kind,
        encoding=_encoding(scope),
        config=_config(scope),
        comment=file.descriptors.comment(descriptor),
        deprecated=descriptor.GetOptions().deprecated or file.descriptor.GetOptions().deprecated,
        handlers=handlers,
        state=declarations.state,
        promises=declarations.promises,
        signals=declarations.signals,
        errors=parse_errors(
            scope,
            option.message.error,
            lambda index: scope.option_location(option.message.ERROR_FIELD_NUMBER, index),
        ),
        key=key,
        location=scope.location,
    )


def report_service_name(scope: ServiceScope, problem: str) -> None:
    """Report that Restate refuses the name of a service."""
    if scope.option.is_go or not scope.option.number:
        instead = "rename the service or its package"
    else:
        instead = f"write another `name` in option {scope.option.label}"
    is_named = scope.option.message.HasField("name")
    location = (
        scope.option_location(scope.option.message.NAME_FIELD_NUMBER)
        if is_named
        else scope.location
    )
    scope.report(location, f"{problem}; {instead}")


def _kind_option(file: FileScope, descriptor: ServiceDescriptor) -> KindOption | None:
    """Return the option that makes the service a Restate service, or None."""
    found = file.options.kinds(descriptor.GetOptions())
    if len(found) == 1:
        return found[0]
    if len(found) == 2 and found[1].is_go:
        return replace(found[0], go=found[1])
    scope = ServiceScope(file, descriptor, found[-1] if found else KindOption(ServiceKind.SERVICE))
    if found:
        labels = " and ".join(option.label for option in found)
        scope.report(
            scope.option_location(),
            f"{scope.full_name} has the options {labels}; keep one of them",
        )
        return None
    if file.is_go:
        # Go's generator makes a service without an option a plain service.
        message = options_pb2.ServiceOptions(encoding=options_pb2.ENCODING_JSON)
        return KindOption(ServiceKind.SERVICE, message, is_go=True)
    if file.all_services:
        return KindOption(ServiceKind.SERVICE)
    for method in descriptor.methods:
        for option in file.options.handlers(method.GetOptions()):
            scope.report(
                scope.method_location(method, option.number),
                f"{method.name} has option {option.label} in a service that is not Restate's; "
                f"add `option (restatepb.v1.service) = {{}};` (or object, or workflow) to "
                f"{scope.full_name}, or remove it",
            )
    return None


def _name(scope: ServiceScope) -> str:
    message = scope.option.message
    name = message.name if message.HasField("name") else scope.full_name
    problem = service_name_problem(name)
    if problem:
        report_service_name(scope, f'Restate refuses the service name "{name}": {problem}')
    return name


def _encoding(scope: ServiceScope) -> Encoding:
    message = scope.option.message
    if message.encoding not in _ENCODINGS:
        scope.report(
            scope.option_location(message.ENCODING_FIELD_NUMBER),
            f"encoding has the unknown value {message.encoding}; "
            "write ENCODING_PROTOBUF or ENCODING_JSON",
        )
        return Encoding.PROTOBUF
    return _ENCODINGS[message.encoding]


def _config(scope: ServiceScope) -> Config:
    message = scope.option.message
    if not message.HasField("config"):
        return Config()
    location = scope.option_location(message.CONFIG_FIELD_NUMBER)
    return parse_config(
        message.config,
        scope.option.kind,
        None,
        lambda text: scope.report(location, text),
        of_handler=False,
    )
