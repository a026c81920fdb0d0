"""Where pages are, and how they lead to each other."""

from __future__ import annotations

import posixpath
from urllib.parse import quote

from restate_proto.docs.document import INDEX, Anchor

__all__ = ["Layout"]


class Layout:
    """The files of one format.

    Args:
        index: the name of the file with the index.
        suffix: what is added to the path of a .proto file.
    """

    def __init__(self, index: str, suffix: str) -> None:
        self._index = index
        self._suffix = suffix

    def path(self, page: str) -> str:
        """The file of a page, below the folder of all."""
        return self._index if page == INDEX else f"{page}{self._suffix}"

    def link(self, page: str, target: Anchor) -> str:
        """The URL that leads from a page to a place."""
        anchor = f"#{quote(target.name)}" if target.name else ""
        if target.page == page and anchor:
            return anchor
        start = posixpath.dirname(self.path(page))
        return quote(posixpath.relpath(self.path(target.page), start or ".")) + anchor
