"""Make the model of all files of a request, and check the rules that concern several services."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.option_reader import OptionReader
from restate_proto.contract.parse.awakeables import parse_awakeables
from restate_proto.contract.parse.errors import check_error_code
from restate_proto.contract.parse.handlers import key_field
from restate_proto.contract.parse.scope import FileScope
from restate_proto.contract.parse.service import parse_service, report_service_name
from restate_proto.contract.problems import Problems
from restate_proto.contract.schema import FileModel
from restate_proto.protobuf import messages_in_file

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.compiler import plugin_pb2

    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.schema import AwakeableField, ErrorModel, ServiceModel

__all__ = ["parse_files", "parse_request"]


def parse_files(
    descriptors: Descriptors,
    wanted: Iterable[str],
    *,
    all_services: bool,
    problems: Problems | None = None,
) -> tuple[FileModel, ...]:
    """Make the model of the requested files.

    Args:
        descriptors: those files and everything that they import.
        wanted: the paths of the files.
        all_services: whether a service without a Restate option becomes a plain service.
        problems: collects the problems. With it nothing is raised, and the model has whatever can
            be read.

    Returns:
        The requested files that have Restate services or awakeable fields, in the requested order.

    Raises:
        PluginError: the files have problems; it lists all of them. Never raised with `problems`.
    """
    found = Problems() if problems is None else problems
    files = _Parser(descriptors, found, all_services=all_services).parse(wanted)
    if problems is None:
        found.raise_if_any()
    return files


def parse_request(
    request: plugin_pb2.CodeGeneratorRequest,
    *,
    all_services: bool,
    problems: Problems | None = None,
) -> tuple[Descriptors, tuple[FileModel, ...]]:
    """Make the model of the files that protoc asks a plugin for.

    Args:
        request: the request.
        all_services: see `parse_files`.
        problems: see `parse_files`.

    Returns:
        All files of the request, and the model.

    Raises:
        PluginError: the files have problems; it lists all of them. Never raised with `problems`.
    """
    descriptors = Descriptors(request.proto_file)
    wanted = request.file_to_generate
    return descriptors, parse_files(
        descriptors, wanted, all_services=all_services, problems=problems
    )


class _Parser:
    def __init__(self, descriptors: Descriptors, problems: Problems, *, all_services: bool) -> None:
        self._all_services = all_services
        self._descriptors = descriptors
        self._options = OptionReader(self._descriptors)
        self._problems = problems
        self._names: dict[str, str] = {}  # Restate name to full proto name
        self._errors: dict[str, ErrorModel] = {}  # the first of each type, by its full name

    def parse(self, wanted: Iterable[str]) -> tuple[FileModel, ...]:
        files = [self._file(name) for name in wanted]
        return tuple(file for file in files if file.services or file.awakeables)

    def _file(self, name: str) -> FileModel:
        file = self._descriptors.file(name)
        scope = FileScope(
            descriptor=file,
            descriptors=self._descriptors,
            options=self._options,
            problems=self._problems,
            is_go=self._options.uses_go(file),
            all_services=self._all_services,
        )
        awakeables: list[AwakeableField] = []
        for message in messages_in_file(file):
            key_field(scope, message)
            awakeables += parse_awakeables(scope, message)
        services: list[ServiceModel] = []
        for service in file.services_by_name.values():
            parsed = parse_service(scope, service)
            if parsed is not None:
                self._check_name(*parsed)
                self._check_error_codes(*parsed)
                services.append(parsed[1])
        return FileModel(name, tuple(services), tuple(awakeables))

    def _check_name(self, scope: ServiceScope, service: ServiceModel) -> None:
        """Check that no two services share a Restate name."""
        first = self._names.setdefault(service.name, scope.full_name)
        if first != scope.full_name:
            report_service_name(
                scope,
                f'services {first} and {scope.full_name} are both named "{service.name}"',
            )

    def _check_error_codes(self, scope: ServiceScope, service: ServiceModel) -> None:
        """Check that each error type has one code in all services."""
        for errors in (service.errors, *(handler.errors for handler in service.handlers)):
            for error in errors:
                first = self._errors.setdefault(error.type.full_name, error)
                check_error_code(scope, first, error)
