"""The protoc plugins: descriptors -> model -> text.

`run.run` is the whole of one, bytes in and bytes out. `parse` makes the model of `schema` and holds
every rule about what a contract may say. `python`, `java` and `kotlin` each print that model, and
know what the names of their language ask for; `evolution` compares two of it.
"""

from __future__ import annotations
