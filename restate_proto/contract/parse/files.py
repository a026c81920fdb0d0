"""From the descriptors of a request to the model; every rule is checked on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.option_reader import OptionReader
from restate_proto.contract.parse.handlers import key_field
from restate_proto.contract.parse.scope import FileScope
from restate_proto.contract.parse.service import parse_service, report_service_name
from restate_proto.contract.paths import proto_path_problem
from restate_proto.contract.problems import PluginError, Problems
from restate_proto.contract.schema import FileModel
from restate_proto.protobuf import messages_in_file

if TYPE_CHECKING:
    from google.protobuf.compiler import plugin_pb2

    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.schema import ServiceModel

__all__ = ["parse_files"]


def parse_files(
    request: plugin_pb2.CodeGeneratorRequest,
    *,
    all_services: bool,
    problems: Problems | None = None,
) -> tuple[FileModel, ...]:
    """Makes the model of the files that a request asks for.

    Args:
        request: parsed while our options' extensions were registered.
        all_services: whether a service without a Restate option becomes a plain service.
        problems: takes what is wrong; then nothing is raised, and the model is of what can be read.

    Returns:
        Those of the files that have Restate services, in the order of the request.

    Raises:
        PluginError: with every problem that there is. Also where `problems` takes those, if a file
            has a path that cannot go into code and file systems, or protobuf refuses a file.
    """
    _check_paths(request)
    found = Problems() if problems is None else problems
    files = _Parser(request, found, all_services=all_services).parse()
    if problems is None:
        found.raise_if_any()
    return files


def _check_paths(request: plugin_pb2.CodeGeneratorRequest) -> None:
    """Generated code names all files of the request, and is called like those that are asked for."""
    found = map(proto_path_problem, [file.name for file in request.proto_file])
    problems = [problem for problem in found if problem is not None]
    if problems:
        raise PluginError("\n".join(problems))


class _Parser:
    def __init__(
        self, request: plugin_pb2.CodeGeneratorRequest, problems: Problems, *, all_services: bool
    ) -> None:
        self._wanted = tuple(request.file_to_generate)
        self._all_services = all_services
        self._descriptors = Descriptors(request.proto_file)
        self._options = OptionReader(self._descriptors)
        self._problems = problems
        self._names: dict[str, str] = {}  # Restate name to full proto name

    def parse(self) -> tuple[FileModel, ...]:
        files = [self._file(name) for name in self._wanted]
        return tuple(file for file in files if file.services)

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
        for message in messages_in_file(file):
            key_field(scope, message)
        services: list[ServiceModel] = []
        for service in file.services_by_name.values():
            parsed = parse_service(scope, service)
            if parsed is not None:
                self._check_name(*parsed)
                services.append(parsed[1])
        return FileModel(name, tuple(services))

    def _check_name(self, scope: ServiceScope, service: ServiceModel) -> None:
        """Two services may not share a Restate name."""
        first = self._names.setdefault(service.name, scope.full_name)
        if first != scope.full_name:
            report_service_name(
                scope,
                f'services {first} and {scope.full_name} are both named "{service.name}"',
            )
