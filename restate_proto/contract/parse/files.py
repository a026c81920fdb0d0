"""From the descriptors of a request to the model; every rule is checked on the way."""

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

    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.schema import AwakeableField, ErrorModel, ServiceModel

__all__ = ["parse_files"]


def parse_files(
    descriptors: Descriptors,
    wanted: Iterable[str],
    *,
    all_services: bool,
    problems: Problems | None = None,
) -> tuple[FileModel, ...]:
    """Makes the model of the files that are asked for.

    Args:
        descriptors: those files and all that they import.
        wanted: the paths of the files.
        all_services: whether a service without a Restate option becomes a plain service.
        problems: takes what is wrong; then nothing is raised, and the model is of what can be read.

    Returns:
        Those of the files that have Restate services, or fields for the ids of awakeables, in the
        order in which they are asked for.

    Raises:
        PluginError: with every problem that there is, where `problems` does not take those.
    """
    found = Problems() if problems is None else problems
    files = _Parser(descriptors, found, all_services=all_services).parse(wanted)
    if problems is None:
        found.raise_if_any()
    return files


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
        """Two services may not share a Restate name."""
        first = self._names.setdefault(service.name, scope.full_name)
        if first != scope.full_name:
            report_service_name(
                scope,
                f'services {first} and {scope.full_name} are both named "{service.name}"',
            )

    def _check_error_codes(self, scope: ServiceScope, service: ServiceModel) -> None:
        """An error type has one code, in all services."""
        for errors in (service.errors, *(handler.errors for handler in service.handlers)):
            for error in errors:
                first = self._errors.setdefault(error.type.full_name, error)
                check_error_code(scope, first, error)
