"""Print constants for a service's key, state, promises, signals and awakeables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import FixedKey, TypedKey
from restate_proto.generate.docstrings import described
from restate_proto.generate.typescript.layout import List, call, member, quote, tsdoc
from restate_proto.generate.typescript.names import (
    ServiceNames,
    awakeables_name,
    declared,
    member_of_awakeable,
)
from restate_proto.generate.typescript.support import KEYS
from restate_proto.model.kinds import Encoding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.contract.schema import AwakeableField, ServiceModel
    from restate_proto.generate.typescript.file import TypeScriptFile

__all__ = ["render_awakeables", "render_keys"]


def render_keys(file: TypeScriptFile, service: ServiceModel) -> None:
    """Add the constants of a service's key, state, promises and signals."""
    names = ServiceNames.of(service)
    match service.key:
        case FixedKey(value):
            file.doc(f"The only key of {described(service)}.")
            file.constant(names.key, call(f"new {file.support('FixedKey', KEYS)}", quote(value)))
        case TypedKey(message, text):
            parts = [List("[", (quote(e.name), quote(e.after)), "]") for e in text.fields]
            file.doc(f"What a key of {described(service)} is made of: `{text}`.")
            format_ = call(
                f"new {file.support('KeyFormat', KEYS)}",
                file.schema(message),
                quote(text.prefix),
                List("[", tuple(parts), "]"),
            )
            file.constant(names.key, format_)
        case None:
            pass
    for what, name, title in (
        ("state", names.state, "The state"),
        ("promise", names.promises, "The promises"),
        ("signal", names.signals, "The signals"),
    ):
        keys = declared(service, what)
        if keys:
            members = tuple(
                member(
                    key.constant,
                    call(
                        f"new {file.support(key.class_, KEYS)}",
                        quote(key.declaration.name),
                        file.serde(key.declaration.type, service.encoding),
                    ),
                    tsdoc(f"The {key.what} `{key.declaration.name}`."),
                )
                for key in keys
            )
            file.doc(f"{title} of {described(service)}.")
            file.constant(name, List("{", members, "}"))


def render_awakeables(file: TypeScriptFile, fields: Sequence[AwakeableField]) -> None:
    """Add the constants for the fields of a message that hold ids of awakeables."""
    members = tuple(
        member(
            member_of_awakeable(field),
            call(
                f"new {file.support('AwakeableField', KEYS)}",
                file.schema(field.message),
                quote(field.field),
                file.serde(field.type, Encoding.PROTOBUF),
            ),
            tsdoc(f"The field `{field.field}`, which `{field.type.full_name}` resolves."),
        )
        for field in fields
    )
    file.doc(f"The ids of awakeables in `{fields[0].message.full_name}`.")
    file.constant(awakeables_name(fields[0]), List("{", members, "}"))
