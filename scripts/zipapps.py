"""Build the plugins as zipapps: each a single file that needs only Python.

A zipapp contains everything that it imports, with protobuf in its pure Python form. The modules are
copied from the environment that runs this script, which is installed from hashed requirements; the
same modules give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import tomllib
import zipapp
from importlib import metadata
from pathlib import Path

__all__ = ["PLUGINS", "build"]

ROOT = Path(__file__).parents[1]

_GENERATOR = ("protobuf", "typing-extensions")
_PAGES = (*_GENERATOR, "jinja2", "markupsafe", "markdown-it-py", "mdurl", "pygments")

PLUGINS = {
    "protoc-gen-python-restate": _GENERATOR,
    "protoc-gen-go-restate": _GENERATOR,
    "protoc-gen-java-restate": _GENERATOR,
    "protoc-gen-kotlin-restate": _GENERATOR,
    "protoc-gen-typescript-restate": _GENERATOR,
    "protoc-gen-restate-docs": _PAGES,
    "restate-proto-buf": _GENERATOR,
}
"""The console scripts that protoc or buf call, and the distributions that each imports."""

# 1980, the earliest date of a zip file.
_EPOCH = 315_619_200

# Valid in every Python 3, so that an old one can name the version it needs. The protobuf inside always
# runs, whatever is installed and whatever the environment says.
_MAIN = """\
import os
import sys

if sys.version_info < (3, {minor}):
    sys.exit("{name} needs Python 3.{minor} or newer; this is " + sys.version.split()[0])
sys.path[1:] = [path for path in sys.path[1:] if not path.endswith(("site-packages", "dist-packages"))]
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

from {module} import {function}

{function}()
"""


def build(name: str, folder: Path) -> Path:
    """Build one plugin.

    Args:
        name: the name of its console script.
        folder: the folder to write it to.

    Returns:
        The file: `protoc-gen-java-restate.pyz`.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    module, _, function = project["scripts"][name].partition(":")
    minor = project["requires-python"].removeprefix(">=3.")
    out = folder / f"{name}.pyz"
    with tempfile.TemporaryDirectory() as staged:
        target = Path(staged)
        for source in (ROOT / "restate_proto", ROOT / "generated/restatepb"):
            shutil.copytree(source, target / source.name, ignore=_is_left_out)
        for distribution in PLUGINS[name]:
            _copy_distribution(distribution, target)
        main = _MAIN.format(name=name, module=module, function=function, minor=minor)
        (target / "__main__.py").write_text(main)
        for path in (target, *target.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
            os.utime(path, (_EPOCH, _EPOCH))
        zipapp.create_archive(target, out, interpreter="/usr/bin/env python3", compressed=True)
    out.chmod(0o755)
    return out


def _is_left_out(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "__pycache__" or Path(name).suffix == ".pyi"}


def _copy_distribution(name: str, target: Path) -> None:
    """Copy the Python modules of an installed distribution, and its licence.

    Compiled modules are left out: protobuf and markupsafe, which have some, work without them.
    """
    for file in metadata.files(name) or ():
        if file.suffix == ".py" or "licen" in file.name.lower():
            copy = target / file
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), copy)


def main() -> None:
    """Build all plugins into the given folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in PLUGINS:
        sys.stdout.write(f"{build(name, folder)}\n")


if __name__ == "__main__":
    main()
