"""Directives for the parts of pages that are generated from code: commands and options."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sphinx.util.docutils import SphinxDirective
from typing_extensions import override

from command_reference import command_reference
from options_reference import options_reference

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata


class CommandReference(SphinxDirective):
    """All commands of `restate-proto`, with their arguments and options."""

    @override
    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(command_reference(), allow_section_headings=True)


class OptionsReference(SphinxDirective):
    """The options of a contract, with the messages and enums that they are made of."""

    @override
    def run(self) -> list[nodes.Node]:
        return self.parse_text_to_nodes(options_reference(), allow_section_headings=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add this extension to Sphinx."""
    app.add_directive("restate-commands", CommandReference)
    app.add_directive("restate-options", OptionsReference)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
