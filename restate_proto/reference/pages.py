"""Make the pages of a contract: an index of its services, and a page for each of its files."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from restate_proto.contract.schema import TypedKey
from restate_proto.protobuf import map_entry
from restate_proto.reference.calls.writer import CallWriter
from restate_proto.reference.document import (
    INDEX,
    Anchor,
    Code,
    Comment,
    Heading,
    Link,
    Page,
    Paragraph,
    Summary,
    Table,
    Text,
)
from restate_proto.reference.services import (
    badges,
    handler_anchor,
    service_anchor,
    service_blocks,
)
from restate_proto.reference.types import short_name, type_blocks
from restate_proto.reference.used_types import Library, Message

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from google.protobuf.descriptor import FieldDescriptor

    from restate_proto.contract.descriptors import Descriptors
    from restate_proto.contract.schema import FileModel, ServiceModel
    from restate_proto.reference.document import Block, Cell, Inline

__all__ = ["contract_pages"]


def contract_pages(
    descriptors: Descriptors, files: Sequence[FileModel], *, ingress_url: str
) -> tuple[Page, ...]:
    """Make the pages of a contract.

    Args:
        descriptors: the contract's files and all that they import, with their comments.
        files: those of the contract's files that have Restate services.
        ingress_url: the URL of Restate's ingress, for the calls that are shown.

    Returns:
        The index, then a page for each file that has a service or a type that a service uses, in
        the order of the paths.
    """
    return _Maker(descriptors, files, ingress_url).pages()


class _Maker:
    def __init__(
        self, descriptors: Descriptors, files: Sequence[FileModel], ingress_url: str
    ) -> None:
        files = [file for file in files if file.services]
        self._library = Library(descriptors, files)
        self._services = {file.path: file.services for file in files}
        self._calls = CallWriter(files, self._library, ingress_url)
        places = {self._library.place(name) for name in self._library.used}
        self._paths = sorted({*self._services, *(place for place in places if place)})
        self._users = self._find_users()

    def pages(self) -> tuple[Page, ...]:
        return (
            Page(INDEX, "Restate services", tuple(self._index())),
            *(Page(path, path, tuple(self._file(path))) for path in self._paths),
        )

    def _index(self) -> Iterator[Block]:
        yield Heading(1, (Text("Restate services"),))
        packages: dict[str, list[ServiceModel]] = defaultdict(list)
        for path, services in sorted(self._services.items()):
            packages[self._library.file(path).package].extend(services)
        if not packages:
            yield Paragraph((Text("The contract has no Restate services."),))
        for package, services in sorted(packages.items()):
            yield Heading(2, (Code(package) if package else Text("Without a package"),), package)
            rows = (self._row(service) for service in services)
            yield Table.of(("Service", "Handlers", "What it is for"), rows)
        others = [path for path in self._paths if path not in self._services]
        if others:
            yield Heading(2, (Text("Messages in files of their own"),), "messages")
            rows = (((Link(Code(path), Anchor(path)),), self._names(path)) for path in others)
            yield Table.of(("File", "Messages and enums"), rows)

    def _row(self, service: ServiceModel) -> tuple[Cell, ...]:
        handlers: list[Inline] = []
        for handler in service.handlers:
            handlers += [Text(", ")] * bool(handlers)
            handlers.append(Link(Code(handler.name), handler_anchor(service, handler)))
        name = Link(Code(service.proto), service_anchor(service))
        summary: Cell = (Summary(service.comment),) if service.comment else ()
        return (name, Text(" "), *badges(service)), tuple(handlers), summary

    def _names(self, path: str) -> Cell:
        names: list[Inline] = []
        for found in self._library.types(path):
            name = found.descriptor.full_name
            names += [Text(", ")] * bool(names)
            names.append(Link(Code(short_name(name, self._library)), Anchor(path, name)))
        return tuple(names)

    def _file(self, path: str) -> Iterator[Block]:
        package = self._library.file(path).package
        yield Heading(1, (Code(path),))
        of: tuple[Inline, ...] = (Text("Package "), Code(package), Text(". ")) if package else ()
        yield Paragraph((*of, Link(Text("All services"), Anchor(INDEX))))
        comment = self._library.package_comment(path)
        if comment:
            yield Comment(comment)
        for service in self._services.get(path, ()):
            yield from service_blocks(service, self._library, self._calls)
        types = self._library.types(path)
        messages = [found for found in types if isinstance(found, Message)]
        enums = [found for found in types if not isinstance(found, Message)]
        for title, group in (("Messages", messages), ("Enums", enums)):
            if group:
                yield Heading(2, (Text(title),), title.lower())
            for found in group:
                users = self._users[found.descriptor.full_name]
                yield from type_blocks(found, users, self._library)

    def _find_users(self) -> dict[str, list[tuple[str, Anchor]]]:
        """Return the direct users of each type, by the full name of the type."""
        users: dict[str, dict[tuple[str, Anchor], None]] = defaultdict(dict)
        for services in self._services.values():
            for service in services:
                for handler in service.handlers:
                    user = f"{service.proto}.{handler.name}", handler_anchor(service, handler)
                    if handler.raw_request is None:
                        users[handler.request.full_name][user] = None
                    if handler.raw_response is None:
                        users[handler.response.full_name][user] = None
                if isinstance(service.key, TypedKey):
                    users[service.key.type.full_name][
                        f"{service.proto}: key", service_anchor(service)
                    ] = None
                for declared in (*service.state, *service.promises, *service.signals):
                    user = f"{service.proto}: {declared.name}", service_anchor(service)
                    users[declared.type.full_name][user] = None
        for path in self._paths:
            for found in self._library.types(path):
                if isinstance(found, Message):
                    self._add_fields(found, users)
        return defaultdict(list, {name: list(found) for name, found in users.items()})

    def _add_fields(
        self, message: Message, users: dict[str, dict[tuple[str, Anchor], None]]
    ) -> None:
        name = message.descriptor.full_name
        user = short_name(name, self._library), Anchor(message.file, name)
        for awakeable in message.awakeables.values():
            users[awakeable][user] = None
        for field in message.descriptor.fields:
            for part in _parts(field):
                type_ = part.message_type or part.enum_type
                if type_ is not None and type_.full_name != name:
                    users[type_.full_name][user] = None


def _parts(field: FieldDescriptor) -> Sequence[FieldDescriptor]:
    """Return the fields that hold the types of a field: those of a map's value, or the field."""
    entry = map_entry(field)
    return (field,) if entry is None else (entry.fields_by_name["value"],)
