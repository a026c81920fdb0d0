"""Print the class of an error that handlers fail with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.generate.docstrings import error_doc
from restate_proto.generate.java.source import JavaSource
from restate_proto.generate.jvm.support import support_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.contract.schema import ErrorModel
    from restate_proto.generate.jvm.messages import JvmClass

__all__ = ["render_error"]

_BODY = """
/** The HTTP status code of the error. */
public static final int CODE = $code;

private final $detail detail;

public $name($detail detail, $String message) {
  super(CODE, message);
  this.detail = detail;
}

/** Returns this error if a call from outside failed with it; empty for another error. */
public static $Optional<$name> from($IngressException failure) {
  return $support.failure(failure, $detail.getDefaultInstance(), $name::new);
}

/** Returns the detail of the error. */
public $detail getDetail() {
  return detail;
}

/** Returns the metadata that carries the detail. The SDK sends it from version 2.7 on. */
public $Map<$String, $String> getMetadata() {
  return $support.metadata(detail);
}
"""


def render_error(
    error: ErrorModel, class_: JvmClass, detail: JvmClass, beside: Iterable[str]
) -> str:
    """Return the text of the class.

    It depends only on the error and the package, because two files may declare the same error.

    Args:
        error: the error.
        class_: its class.
        detail: the class of its detail.
        beside: the names of the other classes that are known to be in the package.
    """
    source = JavaSource(class_, (), beside)
    source.doc(error_doc(error))
    source.line('@$SuppressWarnings({"deprecation", "removal", "serial"})')
    source.line("@$NullMarked")
    head = "public final class $name extends $TerminalException"
    with source.block(head, name=class_.names[0]):
        source.lines(
            _BODY,
            name=class_.names[0],
            code=str(error.code),
            detail=source.use(detail),
            support=source.use(support_class(class_.package)),
        )
    return source.text(error.type.file)
