"""The constants that generated code has for declared state, promises and signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.problems import Problems
    from restate_proto.contract.schema import Declaration, ServiceModel

__all__ = ["check_constants"]


def check_constants(
    service: ServiceModel,
    declared: Iterable[tuple[str, Declaration]],
    language: str,
    problems: Problems,
) -> None:
    """Finds declarations that a language has no constant for, or one for two of them.

    Args:
        service: the service.
        declared: what the code of the language has constants for, each with a word for what it is.
        language: the name of the language.
        problems: takes what is wrong.
    """
    first: dict[str, str] = {}
    for what, declaration in declared:
        title = f'{what} "{declaration.name}"'
        constant = declaration.constant
        if not constant:
            problem = (
                f"{title} has no letter or digit to make a {language} name of; "
                "write a name with one"
            )
        elif first.setdefault(constant, title) != title:
            problem = (
                f'{first[constant]} and {title} both become the {language} name "{constant}"; '
                "rename one of them"
            )
        else:
            continue
        problems.add(declaration.location, f"{service.title}: {problem}")
