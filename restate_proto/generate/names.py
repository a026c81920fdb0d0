"""Make and check names that several languages share, above all those of constants for keys."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.contract.schema import TypedKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.contract.problems import Problems
    from restate_proto.contract.schema import (
        AwakeableField,
        Declaration,
        FileModel,
        MessageType,
        ServiceModel,
    )

__all__ = [
    "DeclaredKey",
    "awakeables_by_message",
    "check_keys",
    "check_typed_key",
    "constant_name",
    "declared_keys",
    "snake_case",
    "unique_name",
]


@dataclass(frozen=True, slots=True)
class DeclaredKey:
    """A declared piece of state, promise or signal, and the constant for it in generated code.

    Args:
        what: `state`, `promise` or `signal`.
        class_: the class of the constant.
        constant: the name of the constant, such as `EMAIL_CONFIRMED`; empty if the name in the
            contract has no letter or digit.
        declaration: the declaration in the contract.
    """

    what: str
    class_: str
    constant: str
    declaration: Declaration


def declared_keys(service: ServiceModel, classes: Mapping[str, str]) -> tuple[DeclaredKey, ...]:
    """Choose the constants for what a service declares.

    Args:
        service: the service.
        classes: the class of the constants for each of `state`, `promise` and `signal`; the
            language has no constants for what is missing.
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
    """Report declarations that cannot have a constant in a language, or that share one.

    Args:
        service: the service.
        keys: the declarations with their constants.
        language: the name of the language.
        problems: collects the problems.
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
    """Report declarations whose constant has the name of the constant for a typed key.

    Args:
        service: the service.
        keys: the declarations with their constants.
        constant: the constant for a typed key.
        language: the name of the language.
        problems: collects the problems.
    """
    for key in keys if isinstance(service.key, TypedKey) else ():
        if key.constant == constant:
            problems.add(
                key.declaration.location,
                f'{service.title}: {key.what} "{key.declaration.name}" and the type of the key both '
                f'become the {language} name "{constant}"; rename the {key.what}',
            )


def awakeables_by_message(file: FileModel) -> dict[MessageType, list[AwakeableField]]:
    """Return the fields of a file that hold ids of awakeables, by their messages."""
    found: dict[MessageType, list[AwakeableField]] = {}
    for field in file.awakeables:
        found.setdefault(field.message, []).append(field)
    return found


def snake_case(name: str) -> str:
    """Turn a proto name into snake case: `GetHTTPStatus` to `get_http_status`, `IDs` to `ids`."""
    name = re.sub(r"([A-Z]+)([A-Z](?!s(?![a-z]))[a-z])", r"\1_\2", name)
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def constant_name(name: str, what: str) -> str | None:
    """Return the name of the constant for a piece of state, a promise or a signal.

    Args:
        name: the Restate name: any text.
        what: `STATE`, `PROMISE` or `SIGNAL`, put before a name that does not begin with a letter.

    Returns:
        A name such as `EMAIL_CONFIRMED`; None if the Restate name has no letter and no digit.
    """
    normal = unicodedata.normalize("NFKC", name)
    words = re.sub(r"\W+", "_", snake_case(normal)).strip("_").upper()
    if not words:
        return None
    constant = words if words[0].isalpha() else f"{what}_{words}"
    return constant if constant.isidentifier() else None


def unique_name(name: str, taken: set[str]) -> str:
    """Return a name with as many trailing `_` as it needs to be unique; add it to `taken`."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
