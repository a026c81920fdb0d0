"""Convert the project's docstrings, which use Markdown, to reStructuredText for Sphinx.

The difference is code: fenced blocks, and text in single backticks, wherever it ends. Napoleon
reads the sections of Google style, except for results and attributes: it takes the text before a
colon for a type, while types are annotations here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_STYLE: Final = Config(napoleon_numpy_docstring=False)
_FENCE: Final = re.compile(r"^(?P<indent> *)```(?P<language>\w*)$")
_CODE: Final = re.compile(r"`(?P<code>[^`\n]+)`")


def to_rest(lines: list[str]) -> Iterator[str]:
    """Yield the lines of a docstring as reStructuredText."""
    inside = ""
    for line in lines:
        fence = _FENCE.match(line)
        if fence and not inside:
            inside = f"{fence['indent']}   "
            yield from ("", f"{fence['indent']}.. code-block:: {fence['language'] or 'text'}", "")
        elif fence:
            inside = ""
            yield ""
        elif inside:
            yield f"   {line}" if line else ""
        elif line == "Returns:":
            yield ":returns:"  # the section would have its text begin with a type
        else:
            yield _CODE.sub(_code, line)


def _code(found: re.Match[str]) -> str:
    """Return code as Sphinx sees it: no space before its end, and no word right after it."""
    after = found.string[found.end() : found.end() + 1]
    return f"`{found['code'].strip()}`" + ("\\ " if after.isalnum() else "")


def convert(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Convert a docstring in place, as Sphinx wants it."""
    # A method: of an attribute, too, Napoleon would take the beginning for a type.
    style: Any = _STYLE
    lines[:] = GoogleDocstring(list(to_rest(lines)), style, app, "method", name, obj).lines()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add this extension to Sphinx."""
    app.connect("autodoc-process-docstring", convert)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
