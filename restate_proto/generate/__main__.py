"""The entry points of the protoc plugins, one for each language."""

from __future__ import annotations

from restate_proto.generate.plugin import serve

__all__ = ["main", "main_go", "main_java", "main_kotlin", "main_typescript"]


def main() -> None:
    """Run `protoc-gen-python-restate`."""
    from restate_proto.generate.python.generate import generate  # noqa: PLC0415 - each plugin imports only its own generator

    serve(
        "python-restate",
        generate,
        hint="`restate-proto generate` runs protoc and the plugin in one call.",
    )


def main_java() -> None:
    """Run `protoc-gen-java-restate`."""
    from restate_proto.generate.java.generate import generate  # noqa: PLC0415 - as above

    serve("java-restate", generate)


def main_kotlin() -> None:
    """Run `protoc-gen-kotlin-restate`."""
    from restate_proto.generate.kotlin.generate import generate  # noqa: PLC0415 - as above

    serve("kotlin-restate", generate)


def main_typescript() -> None:
    """Run `protoc-gen-typescript-restate`."""
    from restate_proto.generate.typescript.generate import generate  # noqa: PLC0415 - as above

    serve("typescript-restate", generate)


def main_go() -> None:
    """Run `protoc-gen-go-restate`."""
    from restate_proto.generate.go.generate import generate  # noqa: PLC0415 - as above

    serve("go-restate", generate, warns_of_go=False)


if __name__ == "__main__":
    main()
