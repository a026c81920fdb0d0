"""A contract: descriptors in, a checked model out that knows no target language.

`parse.files.parse_files` makes the model of `schema` and holds every rule about what a contract may
say; `problems` collects what breaks one, with its place in the `.proto` file.
"""

from __future__ import annotations
