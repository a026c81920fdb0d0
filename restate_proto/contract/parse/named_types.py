"""Find the messages that options refer to by their full names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor

    from restate_proto.contract.parse.scope import FileScope
    from restate_proto.contract.problems import Location

__all__ = ["named_message"]


def named_message(
    file: FileScope, title: str, written: str, location: Location
) -> Descriptor | None:
    """Find the message that an option names, or report what is wrong with the name.

    Args:
        file: the file with the option.
        title: the thing that has the type, for error texts: `object shop.v1.Cart: state "tickets"`.
        written: the name in the option.
        location: the place of the option.
    """
    report, descriptors = file.problems.add, file.descriptors
    if not written:
        report(location, f'{title} has no type; write type: "package.Message"')
        return None
    found = descriptors.find_message(written.removeprefix("."))
    if found is None or found.GetOptions().map_entry:
        report(location, f"{title} has {_unknown_type(file, written)}")
        return None
    if found.file.name not in descriptors.visible(file.descriptor.name):
        report(
            location,
            f'{title} has the type "{written}", whose file this one does not import; '
            f'write import "{found.file.name}";',
        )
    return found


def _unknown_type(file: FileScope, written: str) -> str:
    """Return what is wrong with a name that does not name a message, and what to write instead."""
    name = written.removeprefix(".")
    if file.descriptors.find_enum(name) is not None:
        return f'the enum "{written}" as its type; write a message with a field of it'
    near = [
        each.full_name
        for each in file.descriptors.messages()
        if each.full_name.endswith(f".{name}")
    ]
    instead = (
        f'write its full name, "{near[0]}"'
        if len(near) == 1
        else "write the full name of a message in this file or in one that it imports"
    )
    return f'the unknown type "{written}"; {instead}'
