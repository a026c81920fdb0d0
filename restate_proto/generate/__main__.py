"""The entry points of protoc-gen-python-restate, protoc-gen-java-restate and protoc-gen-kotlin-restate."""

from __future__ import annotations

from restate_proto.generate.plugin import serve

__all__ = ["main", "main_java", "main_kotlin"]


def main() -> None:
    """`protoc-gen-python-restate`."""
    from restate_proto.generate.python.generate import generate  # noqa: PLC0415 - a script loads its own

    serve("python-restate", generate, hint="`restate-proto generate` does the whole of it.")


def main_java() -> None:
    """`protoc-gen-java-restate`."""
    from restate_proto.generate.java.generate import generate  # noqa: PLC0415 - a script loads its own

    serve("java-restate", generate)


def main_kotlin() -> None:
    """`protoc-gen-kotlin-restate`."""
    from restate_proto.generate.kotlin.generate import generate  # noqa: PLC0415 - a script loads its own

    serve("kotlin-restate", generate)


if __name__ == "__main__":
    main()
