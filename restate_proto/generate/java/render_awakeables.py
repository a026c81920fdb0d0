"""Print the class with the constants for the fields of a message that hold ids of awakeables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.java.source import JavaSource
from restate_proto.generate.jvm.names import awakeable_constant
from restate_proto.generate.jvm.printer import quote
from restate_proto.generate.jvm.support import KEYS, support_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.generate.java.names import JavaAwakeables, JavaFile
    from restate_proto.generate.jvm.messages import JavaMessages

__all__ = ["render_awakeables"]


def render_awakeables(
    file: JavaFile, found: JavaAwakeables, messages: JavaMessages, beside: Iterable[str]
) -> str:
    """Return the text of the class.

    Args:
        file: where the message is.
        found: the message and its fields.
        messages: the protobuf-java classes of the request.
        beside: the names of the other classes that are known to be in its package.
    """
    constants = [awakeable_constant(field) for field in found.fields]
    source = JavaSource(found.constants, constants, beside)
    name = found.constants.names[0]
    source.doc(f"The fields of `{found.fields[0].message.full_name}` with ids of awakeables.")
    source.line('@$SuppressWarnings({"deprecation", "removal"})')
    source.line("@$NullMarked")
    support = source.use(support_class(file.package, KEYS))
    message = source.use(found.message)
    with source.block(f"public final class {name}"):
        for field, constant in zip(found.fields, constants, strict=True):
            type_ = source.use(messages.message(field.type))
            source.doc(
                f"The field `{field.field}`; a `{field.type.full_name}` resolves its awakeable."
            )
            source.assignment(
                f"public static final {support}.AwakeableField<{message}, {type_}> {constant}",
                f"{support}.AwakeableField.of",
                [f"{message}.getDefaultInstance()", quote(field.field), f"{type_}.class"],
            )
            source.line()
        source.line(f"private {name}() {{}}")
    return source.text(file.model.path)
