"""Print the file with the class of an error that handlers fail with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import error_doc
from restate_proto.generate.jvm.names import exception_name
from restate_proto.generate.jvm.printer import kdoc
from restate_proto.generate.jvm.support import support_class
from restate_proto.generate.kotlin.source import Imports, Printer, file_head

if TYPE_CHECKING:
    from restate_proto.contract.schema import ErrorModel
    from restate_proto.generate.jvm.messages import JavaMessages

__all__ = ["render_error"]


def render_error(error: ErrorModel, package: str, java: JavaMessages) -> str:
    """Return the text of the file.

    It depends only on the error and the package, because two files may declare the same error.

    Args:
        error: the error.
        package: the Java package of the contract's file.
        java: the classes of the messages.
    """
    name = exception_name(error)
    imports = Imports(package, {name, "Companion"}, java)
    printer = Printer()
    detail, string = imports.message(error.type), imports.use("kotlin.String")
    terminal = imports.use("dev.restate.sdk.common.TerminalException")
    failure = imports.use("dev.restate.client.IngressException")
    printer.line()
    printer.doc(kdoc(error_doc(error)))
    printer.line(f"public class {name}(")
    with printer.indented():
        printer.doc(["The detail of the error."])
        printer.line(f"public val detail: {detail},")
        printer.line(f"message: {string},")
    with (
        printer.block(f") : {terminal}(CODE, message)"),
        printer.block("public companion object"),
    ):
        printer.doc(["The HTTP status code of the error."])
        printer.line(f"public const val CODE: {imports.use('kotlin.Int')} = {error.code}")
        printer.line()
        printer.doc(
            ["Returns this error if a call from outside failed with it; null for another error."]
        )
        printer.line(f"public fun from(failure: {failure}): {name}? =")
        support = imports.use(support_class(package))
        with printer.continued():
            printer.line(f"{support}.failure(failure, {detail}.getDefaultInstance(), ::{name})")
    return "\n".join([*file_head(error.type.file, package, imports), *printer.lines]) + "\n"
