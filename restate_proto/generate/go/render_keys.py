"""Print variables for a service's key, state, promises, signals and awakeables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import described
from restate_proto.generate.go.file import quote
from restate_proto.generate.go.methods import codec_of
from restate_proto.generate.go.names import (
    ServiceNames,
    awakeables_name,
    declared,
    field_of_awakeable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from restate_proto.contract.schema import AwakeableField, ServiceModel
    from restate_proto.generate.go.file import GoFile

__all__ = ["render_awakeables", "render_keys"]


def render_keys(file: GoFile, service: ServiceModel) -> None:
    """Add the variables for a service's key, state, promises and signals."""
    names = ServiceNames.of(service)
    match service.key:
        case FixedKey(value):
            file.lines("")
            file.doc(f"{names.key} is the only key of {described(service)}.")
            file.lines(f"const {names.key} = {quote(value)}")
        case TypedKey(message, text):
            file.lines("")
            file.doc(f"{names.key} is the format of the keys of {described(service)}: `{text}`.")
            file.lines(
                f"var {names.key} = restateKeyFormat[*{file.type(message)}]{{",
                f"\tprefix: {quote(text.prefix)},",
                "\tfields: []restateKeyField{",
                *(f"\t\t{{{quote(e.name)}, {quote(e.after)}}}," for e in text.fields),
                "\t},",
                "}",
            )
        case None:
            pass
    for what, name, title in (
        ("state", names.state, "the state"),
        ("promise", names.promises, "the promises"),
        ("signal", names.signals, "the signals"),
    ):
        keys = declared(service, what)
        if keys:
            file.lines("")
            file.doc(f"{name} are {title} of {described(service)}.")
            _render_struct(
                file,
                name,
                (
                    (
                        key.constant,
                        f"{key.class_}[*{file.type(key.declaration.type)}]",
                        f"{quote(key.declaration.name)}, {codec_of(service)}",
                        f"The {key.what} `{key.declaration.name}`.",
                    )
                    for key in keys
                ),
            )


def render_awakeables(file: GoFile, fields: Sequence[AwakeableField]) -> None:
    """Add the variable for the fields of a message that hold ids of awakeables."""
    name, message = awakeables_name(fields[0]), file.type(fields[0].message)
    file.lines("")
    file.doc(f"{name} are the fields of `{fields[0].message.full_name}` with ids of awakeables.")
    _render_struct(
        file,
        name,
        (
            (
                field_of_awakeable(field),
                f"restateAwakeable[*{message}, *{file.type(field.type)}]",
                quote(field.field),
                f"The field `{field.field}`; a `{field.type.full_name}` resolves its awakeable.",
            )
            for field in fields
        ),
    )


def _render_struct(file: GoFile, name: str, fields: Iterable[tuple[str, str, str, str]]) -> None:
    """Add a variable with fields, each given by its name, type, values and comment."""
    fields = tuple(fields)
    file.lines(f"var {name} = struct {{")
    for field, type_, _, comment in fields:
        file.doc(comment, margin="\t")
        file.lines(f"\t{field} {type_}")
    file.lines("}{")
    file.lines(*(f"\t{type_}{{{values}}}," for _, type_, values, _ in fields))
    file.lines("}")
