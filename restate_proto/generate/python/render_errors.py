"""Print the exception classes of the errors that a contract declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import error_doc
from restate_proto.generate.python.printer import Call, quote

if TYPE_CHECKING:
    from restate_proto.generate.python.imports import Imports
    from restate_proto.generate.python.messages import MessageRuntime
    from restate_proto.generate.python.names import PythonError
    from restate_proto.generate.python.printer import Printer

__all__ = ["render_error"]


def render_error(
    printer: Printer, error: PythonError, imports: Imports, runtime: MessageRuntime
) -> None:
    """Add the class of an error."""
    message = imports.message(error.model.type)
    declare = Call(
        "_rt.error_type",
        (
            ("", quote(error.model.type.full_name)),
            ("", str(error.model.code)),
            ("", Call(f"_rt.{runtime.codec}", (("", message),))),
        ),
    )
    printer.line()
    printer.line()
    printer.statement("@", declare)
    printer.line(f"class {error.class_}(_rt.DetailedError[{message}]):")
    with printer.indented():
        printer.docstring(error_doc(error.model))
