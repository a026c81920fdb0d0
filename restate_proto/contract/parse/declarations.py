"""The state, promises and signals that a service declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import Declaration, MessageType
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.problems import Location

__all__ = ["Declarations", "parse_declarations"]

_Declared = options_pb2.State | options_pb2.Promise | options_pb2.Signal


@dataclass(frozen=True, slots=True)
class Declarations:
    """What a service declares."""

    state: tuple[Declaration, ...]
    promises: tuple[Declaration, ...]
    signals: tuple[Declaration, ...]


def parse_declarations(scope: ServiceScope) -> Declarations:
    """Reads what a service declares."""
    return _Parser(scope).parse()


class _Parser:
    def __init__(self, scope: ServiceScope) -> None:
        self._scope = scope

    def parse(self) -> Declarations:
        message = self._scope.option.message
        state: tuple[Declaration, ...] = ()
        promises: tuple[Declaration, ...] = ()
        if not isinstance(message, options_pb2.ServiceOptions):
            state = self._declared("state", message.state, message.STATE_FIELD_NUMBER)
        if isinstance(message, options_pb2.WorkflowOptions):
            promises = self._declared("promise", message.promise, message.PROMISE_FIELD_NUMBER)
        signals = self._declared("signal", message.signal, message.SIGNAL_FIELD_NUMBER)
        return Declarations(state, promises, signals)

    def _declared(
        self, what: str, declared: Sequence[_Declared], field_number: int
    ) -> tuple[Declaration, ...]:
        seen: set[str] = set()
        found: list[Declaration] = []
        for number, message in enumerate(declared):
            location = self._scope.option_location(field_number, number)
            title = f'{what} "{message.name}"'
            if not message.name:
                title = f"a {what}"
                self._report(
                    location, f'{title} has no name; write {what}: {{ name: "..." type: "..." }}'
                )
            elif message.name in seen:
                self._report(location, f"{title} is declared twice; keep one")
            seen.add(message.name)
            type_ = self._message_type(title, message.type, location)
            if message.name and type_:
                found.append(Declaration(message.name, type_, location))
        return tuple(found)

    def _message_type(self, title: str, written: str, location: Location) -> MessageType | None:
        """Finds the message type that a declaration names by its full name."""
        descriptors, file = self._scope.file.descriptors, self._scope.file.descriptor.name
        if not written:
            self._report(location, f'{title} has no type; write type: "package.Message"')
            return None
        found = descriptors.find_message(written.removeprefix("."))
        if found is None or found.GetOptions().map_entry:
            self._report(location, f"{title} has {self._unknown_type(written)}")
            return None
        if found.file.name not in descriptors.visible(file):
            self._report(
                location,
                f'{title} has the type "{written}" of a file that this one does not import; '
                f'write import "{found.file.name}";',
            )
        return MessageType.of(found)

    def _unknown_type(self, written: str) -> str:
        """Says what is wrong with the name of a type that is no message."""
        name = written.removeprefix(".")
        if self._scope.file.descriptors.find_enum(name) is not None:
            return f'the enum "{written}" as its type; write a message with a field of it'
        messages = self._scope.file.descriptors.messages()
        near = [each.full_name for each in messages if each.full_name.endswith(f".{name}")]
        instead = (
            f'write its full name, "{near[0]}"'
            if len(near) == 1
            else "write the full name of a message in this file or in one that it imports"
        )
        return f'the unknown type "{written}"; {instead}'

    def _report(self, location: Location, text: str) -> None:
        self._scope.report(location, f"{self._scope.title}: {text}")
