"""Read the state, promises and signals that a service declares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.parse.named_types import named_message
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
    """The declarations of a service."""

    state: tuple[Declaration, ...]
    promises: tuple[Declaration, ...]
    signals: tuple[Declaration, ...]


def parse_declarations(scope: ServiceScope) -> Declarations:
    """Read the declarations of a service."""
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
            type_ = named_message(
                self._scope.file, f"{self._scope.title}: {title}", message.type, location
            )
            if message.name and type_:
                found.append(Declaration(message.name, MessageType.of(type_), location))
        return tuple(found)

    def _report(self, location: Location, text: str) -> None:
        self._scope.report(location, f"{self._scope.title}: {text}")
