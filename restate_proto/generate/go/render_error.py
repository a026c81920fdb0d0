"""Print the type of an error that handlers fail with."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import error_doc
from restate_proto.generate.go.names import error_name

if TYPE_CHECKING:
    from restate_proto.contract.schema import ErrorModel
    from restate_proto.generate.go.file import GoFile

__all__ = ["render_error"]

_TYPE = Template(
    """\
type $name struct {
	restate.TerminalError
	Detail *$detail
}

// New$name returns the error, with the code $code: a handler that returns it has failed.
func New$name(detail *$detail, message string) *$name {
	return &$name{restateFailure(detail, message, $code), detail}
}

// As$name returns this error if a call in a handler failed with it, else nil.
func As$name(err error) *$name {
	detail := &$detail{}
	failure := restateDetail(err, detail)
	if failure == nil {
		return nil
	}
	return &$name{failure, detail}
}"""
)


def render_error(file: GoFile, error: ErrorModel) -> None:
    """Add the type of an error.

    Args:
        file: takes the text.
        error: the error.
    """
    file.use("restate.TerminalError")
    name, detail = error_name(error), file.type(error.type)
    file.lines("")
    file.doc(f"{name} is an error of handlers.", error_doc(error))
    text = _TYPE.substitute(name=name, detail=detail, code=error.code)
    file.lines(*text.split("\n"))
