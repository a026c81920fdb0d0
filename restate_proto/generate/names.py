"""What the names of several languages have in common, above all those of the constants for keys."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import TypedKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.contract.problems import Problems
    from restate_proto.contract.schema import Declaration, ServiceModel

__all__ = [
    "DeclaredKey",
    "check_keys",
    "check_typed_key",
    "constant_name",
    "declared_keys",
    "snake_case",
    "unique_name",
]


@dataclass(frozen=True, slots=True)
class DeclaredKey:
    """A declared piece of state, promise or signal, which generated code has a constant for.

    Args:
        what: `state`, `promise` or `signal`.
        class_: the class of the constant.
        constant: its name, such as `EMAIL_CONFIRMED`; empty where the name in the contract has no
            letter or digit to make one of.
        declaration: what the contract says.
    """

    what: str
    class_: str
    constant: str
    declaration: Declaration


def declared_keys(service: ServiceModel, classes: Mapping[str, str]) -> tuple[DeclaredKey, ...]:
    """Chooses the constants for what a service declares.

    Args:
        service: the service.
        classes: the class of the constant for each of `state`, `promise` and `signal` that the
            language has constants for.
    """
    declared = {"state": service.state, "promise": service.promises, "signal": service.signals}
    return tuple(
        DeclaredKey(what, class_, constant_name(declaration.name, what.upper()) or "", declaration)
        for what, class_ in classes.items()
        for declaration in declared[what]
    )


def check_keys(
    service: ServiceModel, keys: Iterable[DeclaredKey], language: str, problems: Problems
) -> None:
    """Finds declarations that a language has no constant for, or one for two of them.

    Args:
        service: the service.
        keys: what the code of the language has constants for.
        language: the name of the language.
        problems: takes what is wrong.
    """
    first: dict[str, str] = {}
    for key in keys:
        title = f'{key.what} "{key.declaration.name}"'
        if not key.constant:
            problem = (
                f"{title} has no letter or digit to make a {language} name of; "
                "write a name with one"
            )
        elif first.setdefault(key.constant, title) != title:
            problem = (
                f"{first[key.constant]} and {title} both become the {language} name "
                f'"{key.constant}"; rename one of them'
            )
        else:
            continue
        problems.add(key.declaration.location, f"{service.title}: {problem}")


def check_typed_key(
    service: ServiceModel,
    keys: Iterable[DeclaredKey],
    constant: str,
    language: str,
    problems: Problems,
) -> None:
    """Finds declarations that have the name of the constant for a typed key.

    Args:
        service: the service.
        keys: what the code of the language has constants for.
        constant: that of a typed key.
        language: the name of the language.
        problems: takes what is wrong.
    """
    for key in keys if isinstance(service.key, TypedKey) else ():
        if key.constant == constant:
            problems.add(
                key.declaration.location,
                f'{service.title}: {key.what} "{key.declaration.name}" and the type of the key both '
                f'become the {language} name "{constant}"; rename the {key.what}',
            )


def snake_case(name: str) -> str:
    """Turns a proto name into snake case: `GetHTTPStatus` to `get_http_status`, `IDs` to `ids`."""
    name = re.sub(r"([A-Z]+)([A-Z](?!s(?![a-z]))[a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def constant_name(name: str, what: str) -> str | None:
    """Returns the name of the constant for a piece of state, a promise or a signal.

    Args:
        name: the Restate name: any text.
        what: `STATE`, `PROMISE` or `SIGNAL`, put before a name that no letter begins.

    Returns:
        Such as `EMAIL_CONFIRMED`, or None where the name has no letter and no digit.
    """
    normal = unicodedata.normalize("NFKC", name)
    words = re.sub(r"\W+", "_", snake_case(normal)).strip("_").upper()
    if not words:
        return None
    constant = words if words[0].isalpha() else f"{what}_{words}"
    return constant if constant.isidentifier() else None


def unique_name(name: str, taken: set[str]) -> str:
    """Returns the name with as many trailing `_` as make it unique, and adds it to `taken`."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
