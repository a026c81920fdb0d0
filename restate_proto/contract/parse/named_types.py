"""The message types that a service names by their full names, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import MessageType

if TYPE_CHECKING:
    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.problems import Location

__all__ = ["named_message"]


def named_message(
    scope: ServiceScope, title: str, written: str, location: Location
) -> MessageType | None:
    """Finds the message type that a service names.

    Args:
        scope: the service.
        title: what has that type, for messages: `state "tickets"`.
        written: the full name, as the contract has it.
        location: where it is written.

    Returns:
        The type; None where there is no such message, which is reported.
    """
    descriptors, file = scope.file.descriptors, scope.file.descriptor.name

    def report(text: str) -> None:
        scope.report(location, f"{scope.title}: {title} has {text}")

    if not written:
        report('no type; write type: "package.Message"')
        return None
    found = descriptors.find_message(written.removeprefix("."))
    if found is None or found.GetOptions().map_entry:
        report(_unknown_type(scope, written))
        return None
    if found.file.name not in descriptors.visible(file):
        report(
            f'the type "{written}" of a file that this one does not import; '
            f'write import "{found.file.name}";'
        )
    return MessageType.of(found)


def _unknown_type(scope: ServiceScope, written: str) -> str:
    """Says what is wrong with the name of a type that is no message."""
    descriptors, name = scope.file.descriptors, written.removeprefix(".")
    if descriptors.find_enum(name) is not None:
        return f'the enum "{written}" as its type; write a message with a field of it'
    messages = descriptors.messages()
    near = [each.full_name for each in messages if each.full_name.endswith(f".{name}")]
    instead = (
        f'write its full name, "{near[0]}"'
        if len(near) == 1
        else "write the full name of a message in this file or in one that it imports"
    )
    return f'the unknown type "{written}"; {instead}'
