"""Handle links from pages to files and folders outside of docs/.

In the clone, and wherever it is shown, these links work. The site has no address of the clone: a
link to the README leads to the page of its first service, and any other link becomes plain text.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from docutils import nodes
from sphinx.addnodes import download_reference, pending_xref

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_ROOT: Final = Path(__file__).parents[2]
_DOCS: Final = _ROOT / "docs"
_README_PAGE: Final = "first-service"


def leave_clone_links(app: Sphinx, doctree: nodes.document) -> None:
    """Replace what MyST makes of links to files outside of docs/: references, or downloads."""
    for found in [*doctree.findall(download_reference), *doctree.findall(pending_xref)]:
        if isinstance(found, pending_xref) and found.get("reftype") != "myst":
            continue
        # A path as it is written, or the absolute one of a page, without its suffix.
        target = (_DOCS / app.env.docname).parent / found["reftarget"]
        target = target.resolve()
        if not target.exists():
            target = target.with_suffix(".md")
        if target == _ROOT / "README.md":
            address = app.builder.get_relative_uri(app.env.docname, _README_PAGE)
            found.replace_self(
                nodes.reference("", "", *_text(found), refuri=address, internal=True)
            )
        elif target.exists() and not target.is_relative_to(_DOCS):
            name = target.relative_to(_ROOT)
            mark = nodes.raw("", f'<span title="in the clone: {name}">', format="html")
            end = nodes.raw("", "</span>", format="html")
            inside = [mark, *_text(found), end]
            found.replace_self(nodes.inline("", "", *inside, classes=["in-the-clone"]))


def _text(link: nodes.Element) -> list[nodes.Node]:
    """Return what a link shows, without the mark-up of the kind of link that it is no more."""
    if len(link.children) == 1 and isinstance(link.children[0], nodes.inline):
        return list(link.children[0].children)
    return list(link.children)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add this extension to Sphinx."""
    app.connect("doctree-read", leave_clone_links)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
