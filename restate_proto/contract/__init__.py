"""A contract: descriptors in, a checked model out that knows no target language.

`parse.files.parse_files` makes the model of `schema` and holds every rule about what a contract may
say. `descriptors` has the files of a request, their types by name and where each thing is written;
`options` reads what they say for Restate. `problems` collects what breaks a rule, with its place in
the `.proto` file.
"""

from __future__ import annotations
