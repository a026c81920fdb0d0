"""Read the errors that a service or a handler declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.parse.named_types import named_message
from restate_proto.contract.schema import ErrorModel, MessageType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from restate_proto.contract.parse.scope import ServiceScope
    from restate_proto.contract.problems import Location
    from restatepb.v1 import options_pb2

__all__ = ["check_error_code", "parse_errors"]


def parse_errors(
    scope: ServiceScope,
    declared: Iterable[options_pb2.Error],
    locate: Callable[[int], Location],
    handler: str = "",
) -> tuple[ErrorModel, ...]:
    """Read the errors that a service or a handler declares.

    Args:
        scope: the service.
        declared: the declarations in the contract.
        locate: returns the place of a declaration by its index.
        handler: the method that declares them; empty for the service itself.
    """
    found: dict[str, ErrorModel] = {}
    for index, message in enumerate(declared):
        location = locate(index)
        title = f'error "{message.type}"' if message.type else "an error"
        if handler:
            title += f" of {handler}"
        problem = _code_problem(message.code)
        if problem is not None:
            scope.report(location, f"{scope.title}: {title} has {problem}")
        found_type = named_message(scope.file, f"{scope.title}: {title}", message.type, location)
        if found_type is None:
            continue
        type_ = MessageType.of(found_type)
        if type_.is_empty:
            scope.report(
                location,
                f"{scope.title}: {title} says nothing about the error; write a message of its own, "
                "which may have no fields",
            )
        elif type_.full_name in found:
            scope.report(location, f"{scope.title}: {title} is declared twice; keep one")
        else:
            comment = scope.file.descriptors.comment(found_type)
            found[type_.full_name] = ErrorModel(type_, message.code, comment, location)
    return tuple(found.values())


def check_error_code(scope: ServiceScope, first: ErrorModel, error: ErrorModel) -> None:
    """Check that an error type has one code everywhere, because programs have one class for it.

    Args:
        scope: the service that declares `error`.
        first: an error of the same type that a service of the request declares.
        error: the error.
    """
    if first.code != error.code:
        scope.report(
            error.location,
            f'{scope.title}: error "{error.type.full_name}" has the code {error.code}, but '
            f"{first.code} in {first.location}; write the same code, or another message",
        )


def _code_problem(code: int) -> str | None:
    if not code:
        return "no code; write code: 409, or another HTTP status code from 400 to 599"
    if not 400 <= code <= 599:
        return f"the code {code}; write an HTTP status code from 400 to 599"
    return None
