"""Find the restate-server binary on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from restate_proto.errors import RestateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["RestateServerNotFoundError", "find_restate_server"]

_PLATFORM_BINARY = "restate-server-*/bin/restate-server"


class RestateServerNotFoundError(RestateError):
    """No restate-server binary was found; the message says where to get one."""


def find_restate_server(
    environ: Mapping[str, str] | None = None, directory: Path | None = None
) -> Path:
    """Find the restate-server binary.

    It looks at the environment variable `RESTATE_SERVER`, then on `PATH`, then in `node_modules` of
    the directory and its parents. npm puts a Node.js script into `.bin` that starts the real
    binary; the real one is returned if it can be found.

    Args:
        environ: the environment to look at instead of `os.environ`.
        directory: where to begin instead of the current directory.

    Returns:
        The absolute path of the binary.

    Raises:
        RestateServerNotFoundError: there is none, or `RESTATE_SERVER` names something else.
    """
    environ = os.environ if environ is None else environ
    directory = Path.cwd() if directory is None else directory.absolute()
    if named := environ.get("RESTATE_SERVER"):
        path = Path(named).absolute()
        if not _is_program(path):
            raise RestateServerNotFoundError(
                f"RESTATE_SERVER={named} is not an executable file; set it to the path of a"
                " restate-server binary, or unset it"
            )
        return _native(path)
    if on_path := shutil.which("restate-server", path=environ.get("PATH", "")):
        return _native(Path(on_path).absolute())
    for modules in (parent / "node_modules" for parent in (directory, *directory.parents)):
        for candidate in _in_node_modules(modules):
            return candidate
    raise RestateServerNotFoundError(
        "no restate-server binary: looked at the environment variable RESTATE_SERVER, on PATH,"
        f" and in node_modules of {directory} and its parents. Get one with"
        " `npm install @restatedev/restate-server` in your project (`make setup` in a clone of"
        " restate-proto), or set RESTATE_SERVER to the path of one"
    )


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _in_node_modules(modules: Path) -> Iterator[Path]:
    scope = modules / "@restatedev"
    yield from (path for path in sorted(scope.glob(_PLATFORM_BINARY)) if _is_program(path))
    script = modules / ".bin" / "restate-server"
    if _is_program(script):
        yield _native(script)


def _native(path: Path) -> Path:
    """Return the binary that npm's start script would run; any other path is returned as is."""
    with path.open("rb") as file:
        if file.read(2) != b"#!":
            return path
    scope = path.resolve().parent.parent.parent  # .../@restatedev/restate-server/lib/index.js
    return next((it for it in sorted(scope.glob(_PLATFORM_BINARY)) if _is_program(it)), path)
