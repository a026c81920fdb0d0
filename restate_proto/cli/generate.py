"""`restate-proto generate`: messages, their stubs and the Restate code in one call."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.cli.failure import FAILED
from restate_proto.cli.protoc_output import mend_stub, prefix_imports
from restate_proto.errors import RestateError
from restate_proto.plugin.names import module_name
from restate_proto.plugin.problems import PluginError
from restate_proto.plugin.run import generate as generate_restate_code
from restatepb.v1 import options_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["GenerateError", "Generated", "generate", "generate_command"]

# What installed packages bring: generated again, it would hide theirs.
_INSTALLED = ("restatepb/", "google/protobuf/")
_OPTIONS = "options.proto"


class GenerateError(RestateError):
    """Nothing was generated; `str()` of it is for the user to read, line by line."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What was generated.

    Args:
        files: the files of the tree, sorted; those that were right already were left alone.
        warnings: what protoc said all the same; may be empty.
    """

    files: tuple[Path, ...]
    warnings: str


def generate(
    proto_dir: Path,
    out: Path,
    *,
    messages: str = "protobuf",
    import_prefix: str = "",
    all_services: bool = False,
    include: Sequence[Path] = (),
) -> Generated:
    """Generates Python from all .proto files of a folder: messages, their stubs, Restate code.

    restatepb/v1/options.proto and the well-known types need not be there. Nothing is written
    unless all is right.

    Args:
        proto_dir: the folder; its files import each other by their path below it.
        out: where the Python goes; an import root, or the package `import_prefix`.
        messages: the message library; `protobuf`.
        import_prefix: the package that `out` is, such as `acme.gen`; empty for an import root.
        all_services: whether a service without a Restate option becomes a plain service.
        include: more folders to find imports in; nothing is generated for them.

    Raises:
        GenerateError: protoc is not installed or refuses a file, or the contract breaks a rule.
    """
    if util.find_spec("grpc_tools") is None:
        raise GenerateError(
            "protoc is not installed; run `pip install 'restate-proto[generate]'` to get it"
        )
    names = _proto_files(proto_dir)
    for folder in include:
        if not folder.is_dir():
            raise GenerateError(f"{folder} is no folder to find imports in")
    parameter = f"messages={messages},import_prefix={import_prefix}"
    if all_services:
        parameter += ",all_services=true"
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary, "tree")
        tree.mkdir()
        descriptors = Path(temporary, "descriptors")
        code, said = _run_protoc(names, [proto_dir, *include], tree, descriptors)
        said = _on_disk(said, proto_dir, names)
        if code:
            raise GenerateError(said or f"protoc failed with exit code {code}")
        request = plugin_pb2.CodeGeneratorRequest(
            file_to_generate=names,
            parameter=parameter,
            proto_file=FileDescriptorSet.FromString(descriptors.read_bytes()).file,
        )
        try:
            texts = generate_restate_code(request)
        except PluginError as error:
            raise GenerateError(_on_disk(str(error), proto_dir, names)) from None
        texts.update(_mended(tree, names, import_prefix))
    return Generated(tuple(_write(out, texts)), said)


def generate_command(
    proto_dir: Annotated[
        Path, typer.Argument(help="The folder of the .proto files.", show_default=True)
    ] = Path("proto"),
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the Python goes.")],
    messages: Annotated[
        str, typer.Option(help="The message library of the generated code.")
    ] = "protobuf",
    import_prefix: Annotated[
        str, typer.Option(help="The package that OUT is, if it is not an import root: acme.gen")
    ] = "",
    all_services: Annotated[
        bool, typer.Option("--all-services", help="Take services without a Restate option too.")
    ] = False,
    include: Annotated[
        list[Path] | None,
        typer.Option("--include", "-I", help="One more folder to find imports in."),
    ] = None,
) -> None:
    """Generate messages, their type stubs and the Restate code of a folder of .proto files."""
    try:
        generated = generate(
            proto_dir,
            out,
            messages=messages,
            import_prefix=import_prefix,
            all_services=all_services,
            include=include or [],
        )
    except GenerateError as error:
        # As they are, without a prefix: editors find the file and line in them.
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from None
    if generated.warnings:
        typer.echo(generated.warnings, err=True)
    count = sum(path.name.endswith("_restate.py") for path in generated.files)
    typer.echo(f"{len(generated.files)} files in {out}, {count} of them with Restate services")


def _proto_files(proto_dir: Path) -> list[str]:
    """Returns the proto paths of what is to be generated."""
    if not proto_dir.is_dir():
        raise GenerateError(f"{proto_dir} is no folder; name the one that has the .proto files")
    names = (path.relative_to(proto_dir) for path in proto_dir.rglob("*.proto"))
    wanted = sorted(
        name.as_posix()
        for name in names
        # Hidden folders hold environments and caches.
        if not any(part.startswith(".") or part == "node_modules" for part in name.parts)
        and not name.as_posix().startswith(_INSTALLED)
    )
    if not wanted:
        raise GenerateError(f"{proto_dir} has no .proto files to generate code for")
    return wanted


def _options_folder() -> Path:
    """Returns the folder of the options.proto that came with this version."""
    beside = Path(options_pb2.__file__).parent
    if (beside / _OPTIONS).is_file():
        return beside
    # A checkout: the wheel alone has the .proto file next to its Python.
    return Path(__file__).parents[2] / "proto" / "restatepb" / "v1"


def _run_protoc(
    names: list[str], folders: list[Path], tree: Path, descriptors: Path
) -> tuple[int, str]:
    """Writes messages into `tree` and all descriptors to a file; returns exit code and output."""
    arguments = [
        # Only this folder, under its own name: the one around it may be all of site-packages.
        f"-Irestatepb/v1={_options_folder()}",
        *(f"-I{folder}" for folder in folders),
        f"--python_out={tree}",
        f"--pyi_out={tree}",
        f"--descriptor_set_out={descriptors}",
        "--include_imports",
        "--include_source_info",
        *names,
    ]
    # In a file, since a command line can be too short for a large tree.
    arguments_file = descriptors.with_suffix(".arguments")
    arguments_file.write_text("\n".join(arguments), encoding="utf-8")
    # `-P` keeps the modules of the current folder out; protoc adds the well-known types itself.
    command = [sys.executable, "-P", "-m", "grpc_tools.protoc", f"@{arguments_file}"]
    done = subprocess.run(  # noqa: S603 - our own interpreter, and arguments without a shell
        command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False
    )
    return done.returncode, (done.stdout + done.stderr).strip()


def _on_disk(text: str, proto_dir: Path, names: list[str]) -> str:
    """Puts the folder in front of the files that begin lines, as a new protoc does itself."""
    lines: list[str] = []
    for line in text.split("\n"):
        name, _, rest = line.partition(":")
        lines.append(f"{proto_dir / name}:{rest}" if name in names else line)
    return "\n".join(lines)


def _mended(tree: Path, names: list[str], import_prefix: str) -> dict[str, str]:
    """Returns what protoc wrote, by path, fit for where it will lie."""
    modules = {module_name(name, "_pb2") for name in names}
    texts: dict[str, str] = {}
    for path in tree.rglob("*_pb2.py*"):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".pyi":
            text = mend_stub(text)
        if import_prefix:
            text = prefix_imports(text, modules, import_prefix)
        texts[path.relative_to(tree).as_posix()] = text
    return texts


def _write(out: Path, texts: dict[str, str]) -> Iterator[Path]:
    for name, text in sorted(texts.items()):
        path = out / name
        content = text.encode()
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        yield path
