"""`restate-proto init`: writes a new project that runs, with a test that passes."""

from __future__ import annotations

import importlib.util
import json
import keyword
import sys
import tempfile
from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from restate_proto.cli.generate import generate
from restate_proto.cli.output import MISUSED, OutputError, fail, reporting_failures

__all__ = ["Kind", "init_command", "project_files"]

SERVER_VERSION = "1.7.12"
"""The version of restate-server in a new project: the one that this project is tested with."""


class Kind(Enum):
    """The values of --kind."""

    SERVICE = "service"
    OBJECT = "object"
    WORKFLOW = "workflow"


# Modules of the new project, and folders.
_TAKEN = ("main", "node_modules", "proto", "tests")

_KIND_WORDS = {
    Kind.SERVICE: "service",
    Kind.OBJECT: "virtual object",
    Kind.WORKFLOW: "workflow",
}
_CALLS = {
    Kind.SERVICE: ("{service}/Greet", {"name": "Ada"}),
    Kind.OBJECT: ("{service}/ada/Greet", {"greeting": "Hello"}),
    Kind.WORKFLOW: ("{service}/ada/Run/send", {"email": "ada@example.com"}),
}


def init_command(
    directory: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            help="The directory of the project, which is created if it does not exist.",
        ),
    ],
    *,
    kind: Annotated[
        Kind,
        typer.Option(help="The kind of the first service: plain, a virtual object, a workflow."),
    ] = Kind.OBJECT,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="PACKAGE",
            help="The package of the contract and of the generated code. By default the name of "
            "the directory.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Write a new project: contract, generated code, a service, its test, and how to run it.

    Existing files are not replaced.
    """
    package = _package(directory, name)
    with reporting_failures():
        texts = project_files(package, kind)
        _write(directory, texts)
    typer.echo(f"{len(texts)} files in {directory}; README.md there says how to run it")


def project_files(package: str, kind: Kind) -> dict[str, str]:
    """Return the files of a new project by their paths.

    Args:
        package: the package of the contract and of the generated code.
        kind: the kind of its first service.

    Raises:
        ContractError: the generator's compiler is not installed.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - `--help` should not wait for it

    environment = Environment(  # noqa: S701 - the output is not HTML
        loader=PackageLoader("restate_proto.cli", "project_templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    service = "".join(part.capitalize() for part in package.split("_") if part)
    path, body = _CALLS[kind]
    target = path.format(service=f"{package}.v1.{service}")
    values = {
        "name": package,
        "service": service,
        "project": package.replace("_", "-"),
        "kind_words": _KIND_WORDS[kind],
        "server": SERVER_VERSION,
        "proto": (proto := f"proto/{package}/v1/{package}.proto"),
        "call": f"curl 127.0.0.1:8080/{target} --json '{json.dumps(body)}'",
    }
    templates = {
        "pyproject.toml": "pyproject.toml",
        "package.json": "package.json",
        ".gitignore": "gitignore",
        "README.md": "README.md",
        proto: f"{kind.value}/contract.proto",
        "main.py": f"{kind.value}/main.py",
        f"tests/test_{package}.py": f"{kind.value}/test.py",
    }
    texts = {
        path: environment.get_template(f"{template}.jinja").render(values)
        for path, template in templates.items()
    }
    return texts | _generated(proto, texts[proto])


def _generated(proto: str, contract: str) -> dict[str, str]:
    """Return the files that `restate-proto generate` makes from the contract."""
    with tempfile.TemporaryDirectory() as temporary:
        source, out = Path(temporary, "source"), Path(temporary, "out")
        file = source / proto
        file.parent.mkdir(parents=True)
        file.write_text(contract, encoding="utf-8")
        made = generate(source / "proto", out).files
        return {path.relative_to(out).as_posix(): path.read_text(encoding="utf-8") for path in made}


def _package(directory: Path, name: str | None) -> str:
    package = name or directory.resolve().name.lower().replace("-", "_").replace(".", "_")
    advice = "write --name PACKAGE, such as --name greeter"
    if not package.isidentifier() or not package.isascii() or keyword.iskeyword(package):
        fail(f"{package!r} cannot be the name of a Python package; {advice}", code=MISUSED)
    if package != package.lower() or package.startswith("_") or package.endswith("_"):
        fail(f"{package!r} cannot be the name of a proto package; {advice}", code=MISUSED)
    if package in _TAKEN or package in sys.stdlib_module_names or _is_installed(package, directory):
        fail(
            f"{package!r} is a module already, which the generated code would hide; {advice}",
            code=MISUSED,
        )
    return package


def _is_installed(package: str, directory: Path) -> bool:
    """Tell whether a module of that name is installed; the new directory itself does not count."""
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found is not None else None
    return found is not None and list(places or ()) != [str(directory.resolve())]


def _write(directory: Path, texts: dict[str, str]) -> None:
    """Write files, unless one of them exists.

    Raises:
        OutputError: one exists.
        OSError: one cannot be written.
    """
    paths = {directory / name: text for name, text in texts.items()}
    there = [path for path in paths if path.exists() or path.is_symlink()]
    if there:
        raise OutputError(
            "nothing is written, because these files exist already:\n"
            + "\n".join(f"    {path}" for path in there)
        )
    for path, text in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
