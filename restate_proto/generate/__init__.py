"""The protoc plugins, which generate Python, Java, Kotlin, Go and TypeScript from a contract.

`plugin.run` is the frame of each plugin: bytes in, bytes out. Each language has a package that
prints the model of a contract and knows which names the language allows; `jvm` is shared by Java
and Kotlin.
"""

from __future__ import annotations
