"""The protoc plugins: from a contract to Python, Java and Kotlin.

`plugin.run` is the whole of one, bytes in and bytes out; `python`, `java` and `kotlin` each print the
model of a contract, and know what the names of their language ask for.
"""

from __future__ import annotations
