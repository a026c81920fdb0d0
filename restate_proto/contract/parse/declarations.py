"""The state, promises and signals that a service declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import Declaration, MessageType
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.source import Path

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
            state = self._all("state", message.state, message.STATE_FIELD_NUMBER)
        if isinstance(message, options_pb2.WorkflowOptions):
            promises = self._all("promise", message.promise, message.PROMISE_FIELD_NUMBER)
        signals = self._all("signal", message.signal, message.SIGNAL_FIELD_NUMBER)
        return Declarations(state, promises, signals)

    def _all(
        self, what: str, declared: Sequence[_Declared], field_number: int
    ) -> tuple[Declaration, ...]:
        seen: set[str] = set()
        found: list[Declaration] = []
        for number, message in enumerate(declared):
            path = self._scope.option_path(field_number, number)
            title = f'{what} "{message.name}"'
            if not message.name:
                title = f"a {what}"
                self._report(
                    path, f'{title} has no name; write {what}: {{ name: "..." type: "..." }}'
                )
            elif message.name in seen:
                self._report(path, f"{title} is declared twice; keep one")
            seen.add(message.name)
            type_ = self._type(title, message.type, path)
            if message.name and type_:
                found.append(Declaration(message.name, type_, self._scope.location(path)))
        return tuple(found)

    def _type(self, title: str, written: str, path: Path) -> MessageType | None:
        """Finds the message type that a declaration names by its full name."""
        index, file = self._scope.file.index, self._scope.file.name
        if not written:
            self._report(path, f'{title} has no type; write type: "package.Message"')
            return None
        name = written.removeprefix(".")
        found = index.message(name)
        if found is not None and found.proto.options.map_entry:
            found = None
        if found is None:
            self._report(path, f"{title} has {self._unknown(written)}")
            return None
        if found.type.file not in index.visible(file):
            self._report(
                path,
                f'{title} has the type "{written}" of a file that this one does not import; '
                f'write import "{found.type.file}";',
            )
        return found.type

    def _unknown(self, written: str) -> str:
        """Says what is wrong with the name of a type that is no message."""
        index = self._scope.file.index
        if index.is_enum(written.removeprefix(".")):
            return f'the enum "{written}" as its type; write a message with a field of it'
        near = index.named_like(written)
        instead = (
            f'write its full name, "{near}"'
            if near
            else "write the full name of a message in this file or in one that it imports"
        )
        return f'the unknown type "{written}"; {instead}'

    def _report(self, path: Path, text: str) -> None:
        self._scope.report(path, f"{self._scope.title}: {text}")
