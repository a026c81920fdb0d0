"""Show pictures in the theme's colours, light or dark.

Pages write them as GitHub accepts them: a `<picture>` with a `<source>` for `prefers-color-scheme:
dark`. On the site the reader can choose light or dark, so each picture becomes two images, of which
the theme shows one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

_PICTURE: Final = re.compile(
    r"<picture>\s*"
    r'<source media="\(prefers-color-scheme: dark\)" srcset="(?P<dark>[^"]+)">\s*'
    r'<img alt="(?P<alt>[^"]+)" src="(?P<light>[^"]+)">\s*'
    r"</picture>"
)


class ThemedPictures(SphinxTransform):
    """Makes two images of each `<picture>`."""

    default_priority = 5  # before Sphinx collects the images of a page

    def apply(self, **kwargs: object) -> None:
        """Replace each of them."""
        for block in list(self.document.findall(nodes.raw)):
            found = _PICTURE.fullmatch(block.astext().strip())
            if found is None:
                continue
            block.replace_self(
                [
                    nodes.image("", uri=found[theme], alt=found["alt"], classes=[f"only-{theme}"])
                    for theme in ("light", "dark")
                ]
            )


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add this extension to Sphinx."""
    app.add_transform(ThemedPictures)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
