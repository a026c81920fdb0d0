"""The protoc plugin `protoc-gen-python-restate`: descriptors -> model -> text.

`run.run` is the whole of it, bytes in and bytes out. `parse` makes the model of `schema` and holds
every rule about what a contract may say; `render` prints that model and decides nothing.
"""

from __future__ import annotations
