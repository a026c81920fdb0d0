"""Report what Go cannot have: two declarations of one name, names with no Go form, a file twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.go.names import (
    TYPES,
    ServiceNames,
    awakeables_name,
    declared,
    error_name,
    go_name,
    run_handle_name,
)
from restate_proto.generate.names import awakeables_by_message, check_keys
from restate_proto.model.kinds import HandlerKind
from restate_proto.rules import RULES_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from restate_proto.contract.problems import Location, Problems
    from restate_proto.contract.schema import FileModel, ServiceModel
    from restate_proto.generate.go.packages import GoPackages
    from restate_proto.generate.validation import Validation

__all__ = ["check_names", "check_rules"]

_SUPPORT = ("WithProto", "WithProtoJSON")
_RULES = "buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"


def check_names(files: Iterable[FileModel], packages: GoPackages, problems: Problems) -> None:
    """Report names that two declarations of a package would share, and names with no Go form.

    Args:
        files: the contracts.
        packages: the packages of the request.
        problems: collects what is wrong.
    """
    taken: dict[str, dict[str, str]] = {}
    for file in files:
        used = (message.file for message in file.messages() if not message.is_empty)
        wrong = [
            text for path in dict.fromkeys([file.path, *used]) if (text := packages.problem(path))
        ]
        for text in wrong:
            problems.add(file.location, text)
        if wrong:
            continue
        package = packages.path(file.path)
        names = taken.get(package)
        if names is None:
            names = taken[package] = dict(packages.declared(package))
            names |= {name: f"{name} of restate_codec.pb.go" for name in _SUPPORT}
        told: set[tuple[str, str]] = set()
        for name, title, location in _exports(file):
            other = names.setdefault(name, title)
            if other != title and (other, title) not in told:  # once for `X`, `NewX` and `AsX`
                told.add((other, title))
                problems.add(
                    location,
                    f'{other} and {title} both become the Go name "{name}"; rename one of them',
                )
        for service in file.services:
            _check_handlers(service, problems)
            for what in TYPES:
                check_keys(service, declared(service, what), "Go", problems)


def check_rules(
    files: Iterable[FileModel], packages: GoPackages, validation: Validation, problems: Problems
) -> None:
    """Report another Go package for buf/validate/validate.proto than the one that protovalidate has.

    Args:
        files: the contracts.
        packages: the packages of the request.
        validation: which handlers have requests that are validated.
        problems: collects what is wrong.
    """
    for file in files:
        if validation.of_file(file) and (package := packages.path(RULES_FILE)) != _RULES:
            problems.add(
                file.location,
                f"{RULES_FILE} has the Go package {package}, but protovalidate has its code as "
                f"{_RULES}, and a Go program panics if it has a file twice; do not generate it, and "
                "with buf write `disable: [{path: buf/validate}]` below `managed`",
            )


def _exports(file: FileModel) -> Iterator[tuple[str, str, Location]]:
    for service in file.services:
        for name in ServiceNames.of(service).exported(service):
            yield name, service.title, service.location
    for error in file.errors:
        title = f"error {error.type.full_name}"
        for prefix in ("", "New", "As"):
            yield f"{prefix}{error_name(error)}", title, error.location
    for fields in awakeables_by_message(file).values():
        title = f"the awakeables of {fields[0].message.full_name}"
        yield awakeables_name(fields[0]), title, fields[0].location


def _check_handlers(service: ServiceModel, problems: Problems) -> None:
    """Report handlers whose methods would have the same name."""
    first: dict[str, str] = {}
    for handler in service.handlers:
        names = {go_name(handler.rpc): handler.rpc}
        if handler.kind is HandlerKind.WORKFLOW:
            names[run_handle_name(handler.rpc)] = f"the handle of {handler.rpc}"
        for name, title in names.items():
            other = first.setdefault(name, title)
            if other != title:
                problems.add(
                    handler.location,
                    f'{service.title}: {other} and {title} both become the Go name "{name}"; '
                    "rename one of them",
                )
