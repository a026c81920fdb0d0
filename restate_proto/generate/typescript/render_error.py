"""Print the class of an error that handlers fail with."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import error_doc
from restate_proto.generate.typescript.support import ERRORS

if TYPE_CHECKING:
    from restate_proto.contract.schema import ErrorModel
    from restate_proto.generate.typescript.file import TypeScriptFile

__all__ = ["render_error"]

_CLASS = Template(
    """\
export class $name extends $terminal_error {
  override name = "$name";
  readonly detail: $detail;

  constructor(detail: $detail, message: string) {
    super(message, { errorCode: $code, metadata: $metadata($schema, detail) });
    this.detail = detail;
  }

  /** Returns this error if a call failed with it, in a handler or outside; undefined for another. */
  static from(error: unknown): $name | undefined {
    const found = $read($schema, error);
    return found === undefined ? undefined : new $name(found.detail, found.message);
  }
}"""
)


def render_error(file: TypeScriptFile, error: ErrorModel, name: str) -> None:
    """Add the class of an error.

    Args:
        file: takes the text.
        error: the error.
        name: the name of the class.
    """
    file.doc(error_doc(error))
    text = _CLASS.substitute(
        name=name,
        terminal_error=file.sdk("TerminalError"),
        code=error.code,
        detail=file.shape(error.type),
        schema=file.schema(error.type),
        metadata=file.support("detailMetadata", ERRORS),
        read=file.support("readDetail", ERRORS),
    )
    file.lines(*text.split("\n"))
