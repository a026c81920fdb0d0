"""Find the services of a contract, for commands that read and write their payloads.

They come as the descriptors that generated code has: of an endpoint, or made of .proto files.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from restate_proto.cli.output import FAILED, MISUSED, fail
from restate_proto.cli.protoc import ContractError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from restate_proto.model.payload_codec import PayloadCodec
    from restate_proto.model.service import HandlerDescriptor, ServiceDescriptor

__all__ = [
    "EndpointOption",
    "ProtoOption",
    "ServiceTypes",
    "find_services",
    "load_services",
]

_DEFAULT = Path("proto")

EndpointOption = Annotated[
    str | None,
    typer.Option(
        "--endpoint",
        metavar="MODULE:ENDPOINT",
        help="Take the contract from an endpoint, such as shop.main:endpoint.",
        show_default=False,
    ),
]
"""The option for a contract that the code of an endpoint has."""

ProtoOption = Annotated[
    Path | None,
    typer.Option(
        "--proto",
        metavar="DIR|FILE",
        help="Take the contract from a folder of .proto files, or a descriptor set. Without either "
        "option: from the folder proto, if there is one.",
        show_default=False,
    ),
]
"""The option for a contract as .proto files, or as a descriptor set."""


@dataclass(frozen=True, slots=True)
class ServiceTypes:
    """The services of a contract.

    Args:
        services: the descriptors of the services, by their Restate names.
        source: the place of the contract, for messages; empty without a contract.
        payload_codec: encodes their payloads before Restate stores them, which an
            endpoint knows; None for nothing.
    """

    services: Mapping[str, ServiceDescriptor]
    source: str
    payload_codec: PayloadCodec | Sequence[PayloadCodec] | None = None

    def service(self, name: str) -> ServiceDescriptor:
        """Return the service of a Restate name, or end the command.

        Raises:
            typer.Exit: the contract does not have it.
        """
        found = self.services.get(name)
        if found is None:
            hint = _nearest(name, self.services)
            fail(f"{self.source} has no service {name}{hint}", code=MISUSED)
        return found

    def handler(self, service: ServiceDescriptor, name: str) -> HandlerDescriptor[Any, Any]:
        """Return the handler of a service, or end the command.

        Raises:
            typer.Exit: the service does not have it.
        """
        for handler in service.handlers:
            if handler.name == name:
                return handler
        hint = _nearest(name, [handler.name for handler in service.handlers])
        fail(f"{service.name} has no handler {name}{hint}", code=MISUSED)

    def find_handler(self, service: str, name: str) -> HandlerDescriptor[Any, Any] | None:
        """Return the handler with these names, or None."""
        found = self.services.get(service)
        handlers = () if found is None else found.handlers
        return next((handler for handler in handlers if handler.name == name), None)


def load_services(
    endpoint: str | None, proto: Path | None, include: Sequence[Path] | None
) -> ServiceTypes:
    """Return the services of the contract that a command line names.

    Raises:
        typer.Exit: there is no contract, or it cannot be read.
    """
    found = find_services(endpoint, proto, include)
    if not found.source:
        fail(
            "no contract was found: name its folder with --proto, or an endpoint with --endpoint",
            code=MISUSED,
        )
    return found


def find_services(
    endpoint: str | None, proto: Path | None, include: Sequence[Path] | None
) -> ServiceTypes:
    """Load services like `load_services`, for commands that can do without a contract.

    Returns:
        The services; empty if the command line names no contract and there is no folder `proto`.

    Raises:
        typer.Exit: the named contract cannot be read.
    """
    if endpoint is not None and proto is not None:
        fail("write --endpoint or --proto, not both", code=MISUSED)
    if endpoint is not None:
        from restate_proto.serving.loading import LoadError, find_endpoint  # noqa: PLC0415 - imports asyncio

        try:
            found = find_endpoint(endpoint)
        except LoadError as error:
            fail(str(error), code=MISUSED if error.is_misuse else FAILED)
        by_name = {each.name: each for each in found.services}
        return ServiceTypes(by_name, endpoint, found.payload_codec)
    source = proto
    if source is None:
        if not any(_DEFAULT.rglob("*.proto")):
            return ServiceTypes({}, "")
        source = _DEFAULT
    try:
        from restate_proto.cli.contract_services import contract_services  # noqa: PLC0415 - loads protobuf

        services = contract_services(source, include or ())
    except ContractError as error:
        typer.echo(str(error), err=True)
        if proto is None:  # the user has not named it
            return ServiceTypes({}, "")
        raise typer.Exit(MISUSED) from None
    return ServiceTypes({each.name: each for each in services}, str(source))


def _nearest(name: str, names: Iterable[str]) -> str:
    known = list(names)
    # People leave the package out.
    near = [each for each in known if each.rpartition(".")[2] == name]
    near = near or difflib.get_close_matches(name, known, n=3)
    if near:
        return f"; did you mean {' or '.join(near)}?"
    return f"; it has {', '.join(sorted(known))}" if known else ""
