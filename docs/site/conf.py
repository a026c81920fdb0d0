"""How Sphinx builds the documentation site: `make site`. docs/index.md has the navigation."""

from __future__ import annotations

import sys
from pathlib import Path

from restate_proto.version import __version__

ROOT = Path(__file__).parents[2]
# The extensions of this folder, and the clone that the pages speak of.
sys.path[:0] = [str(Path(__file__).parent), str(ROOT)]

project = "restate-proto"
release = version = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_copybutton",
    "api_references",
    "clone_links",
    "docstrings",
    "generated_pages",
    "themed_pictures",
]
exclude_patterns = ["site"]
nitpicky = True  # a reference that leads nowhere is a warning, and `make site` fails at warnings

myst_heading_anchors = 4  # as GitHub makes them, so that links work there too
myst_enable_extensions = ["deflist"]

# Docstrings are written as Markdown is: code stands in single backticks.
default_role = "restate-code"
add_module_names = False
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = "restate-proto"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_domain_indices = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"
copybutton_exclude = ".linenos, .gp, .go"
