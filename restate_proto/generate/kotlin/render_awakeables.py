"""Print the object with the constants for the fields of a message that hold ids of awakeables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.jvm.names import awakeable_constant
from restate_proto.generate.jvm.printer import kdoc
from restate_proto.generate.jvm.support import KEYS, support_class
from restate_proto.generate.kotlin.names import escaped
from restate_proto.generate.kotlin.source import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.contract.schema import AwakeableField
    from restate_proto.generate.jvm.messages import JvmClass
    from restate_proto.generate.kotlin.source import Imports, Printer

__all__ = ["render_awakeables"]


def render_awakeables(
    printer: Printer, imports: Imports, name: JvmClass, fields: Sequence[AwakeableField]
) -> None:
    """Add the object.

    Args:
        printer: takes the text.
        imports: collects the imports.
        name: the name of the object.
        fields: the fields of one message.
    """
    support = imports.use(support_class(name.package, KEYS))
    message = imports.message(fields[0].message)
    printer.line()
    printer.doc(kdoc(f"The fields of `{fields[0].message.full_name}` with ids of awakeables."))
    with printer.block(f"public object {escaped(name.names[0])}"):
        for number, field in enumerate(fields):
            if number:
                printer.line()
            type_ = imports.message(field.type)
            printer.doc(
                kdoc(
                    f"The field `{field.field}`; a `{field.type.full_name}` resolves its awakeable."
                )
            )
            printer.assignment(
                f"public val {escaped(awakeable_constant(field))}: "
                f"{support}.AwakeableField<{message}, {type_}>",
                f"{support}.AwakeableField",
                [f"{message}.getDefaultInstance()", quote(field.field), f"{type_}::class.java"],
            )
