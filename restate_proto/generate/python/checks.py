"""What may be right in a contract and still cannot be said in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.constants import check_constants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.problems import Problems
    from restate_proto.contract.schema import FileModel, ServiceModel

__all__ = ["check_files"]


def check_files(files: Iterable[FileModel], problems: Problems) -> None:
    """Checks the files of a request, and against each other.

    Args:
        files: the files that have Restate services.
        problems: takes what is wrong.
    """
    modules: dict[str, str] = {}
    for file in files:
        first = modules.setdefault(file.module, file.path)
        if first != file.path:
            problems.add(
                file.services[0].location,
                f'{first} and {file.path} both become the Python module "{file.module}"; '
                "rename one",
            )
        for service in file.services:
            _check_methods(service, problems)
            declared = [
                *(("state", declaration) for declaration in service.state),
                *(("promise", declaration) for declaration in service.promises),
                *(("signal", declaration) for declaration in service.signals),
            ]
            check_constants(service, declared, "Python", problems)


def _check_methods(service: ServiceModel, problems: Problems) -> None:
    """Finds two handlers of a service that have one method."""
    first: dict[str, str] = {}
    for handler in service.handlers:
        other = first.setdefault(handler.method, handler.rpc)
        if other != handler.rpc:
            problems.add(
                handler.location,
                f"{other} and {handler.rpc} of {service.title} both become the Python method "
                f'"{handler.method}"; rename one, and keep its Restate name with option '
                "(restatepb.v1.handler).name",
            )
