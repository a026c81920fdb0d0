"""`restate-proto generate`: generates messages and Restate code in one call."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from google.protobuf.compiler import plugin_pb2

from restate_proto.cli.contract_options import AllServices, Include
from restate_proto.cli.message_compilers import compile_messages
from restate_proto.cli.output import MARK, Force, check_files, reporting_failures, write_files
from restate_proto.cli.protoc import ContractError, ProtoFolder
from restate_proto.cli.protoc_output import mend_stub, prefix_imports
from restate_proto.contract.parse.go import go_warnings
from restate_proto.contract.problems import PluginError
from restate_proto.generate.python.generate import generate as generate_restate_code
from restate_proto.generate.python.names import module_name

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Generated", "generate", "generate_command"]


@dataclass(frozen=True, slots=True)
class Generated:
    """The generated files.

    Args:
        files: the files of the tree, sorted, including those that were up to date.
        warnings: warnings of protoc, and about services that Go's generator would misread; may be
            empty.
    """

    files: tuple[Path, ...]
    warnings: str


def generate(
    proto_dir: Path | Sequence[Path],
    out: Path,
    *,
    messages: str = "protobuf",
    import_prefix: str = "",
    all_services: bool = False,
    include: Sequence[Path] = (),
    force: bool = False,
    check: bool = False,
) -> Generated:
    """Generate Python from all .proto files of a folder, or of several: messages and Restate code.

    restatepb/v1/options.proto and the well-known types need not be in the folder, nor does
    buf/validate/validate.proto if protovalidate is installed. The module of the latter is generated
    too, because protovalidate does not contain it. If anything is wrong, nothing is written.

    Args:
        proto_dir: the folder; its files import each other by their path below it. Or several, such
            as the modules of a buf workspace, whose files import each other in the same way.
        out: the folder for the Python: an import root, or the package `import_prefix`. The code of
            betterproto and betterproto2 is a package by itself.
        messages: the message library; `protobuf`, `betterproto` or `betterproto2`.
        import_prefix: the package that `out` is, such as `acme.gen`; empty for an import root.
        all_services: whether a service without a Restate option becomes a plain service.
        include: more folders to find imports in; nothing is generated for them, except dataclasses,
            which have to be in one tree.
        force: whether to replace files that restate-proto did not write.
        check: whether to compare the existing files instead of writing any.

    Raises:
        ContractError: protoc or the library's compiler is not installed or refuses a file, or the
            contract breaks a rule.
        OutputError: restate-proto did not write a file that it would replace; or, in a check, a
            file is missing or stale.
    """
    roots = (proto_dir,) if isinstance(proto_dir, Path) else proto_dir
    folder = ProtoFolder(*roots, include=include)
    parameter = f"messages={messages},import_prefix={import_prefix}"
    if all_services:
        parameter += ",all_services=true"
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary, "tree")
        tree.mkdir()
        is_google = messages == "protobuf"
        outputs = [f"--python_out={tree}", f"--pyi_out={tree}"] if is_google else []
        descriptors, warnings = folder.compile(Path(temporary), outputs)
        request = plugin_pb2.CodeGeneratorRequest(
            file_to_generate=folder.names, parameter=parameter, proto_file=descriptors.file
        )
        try:
            texts = generate_restate_code(request)
        except PluginError as error:
            raise ContractError(folder.on_disk(str(error))) from None
        warnings = _join_texts(warnings, folder.on_disk("\n".join(go_warnings(request))))
        if is_google:
            made = _adapted_output(tree, [*folder.names, *folder.brought], import_prefix)
        else:
            made, more = compile_messages(messages, request, tree)
            warnings = _join_texts(warnings, more)
        texts.update({name: _with_mark(name, text) for name, text in made.items()})
    files = check_files(out, texts) if check else write_files(out, texts, force=force)
    return Generated(files, warnings)


def generate_command(
    proto_dir: Annotated[
        list[Path] | None,
        typer.Argument(
            help="The folder of the .proto files; or several, such as the modules of a buf "
            "workspace.",
            show_default="proto",
        ),
    ] = None,
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder for the generated Python.")],
    messages: Annotated[
        str, typer.Option(help="The message library: protobuf, betterproto or betterproto2.")
    ] = "protobuf",
    import_prefix: Annotated[
        str, typer.Option(help="The package that OUT is, if it is not an import root: acme.gen")
    ] = "",
    all_services: AllServices = False,
    include: Include = None,
    force: Force = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; fail if a file is missing or stale."),
    ] = False,
) -> None:
    """Generate the messages and the Restate code of .proto files."""
    with reporting_failures():
        generated = generate(
            proto_dir or Path("proto"),
            out,
            messages=messages,
            import_prefix=import_prefix,
            all_services=all_services,
            include=include or [],
            force=force,
            check=check,
        )
    if generated.warnings:
        typer.echo(generated.warnings, err=True)
    count = sum(path.name.endswith("_restate.py") for path in generated.files)
    typer.echo(
        f"{len(generated.files)} files below {out.absolute()}, {count} with Restate services"
    )


def _join_texts(*texts: str) -> str:
    return "\n".join(filter(None, texts))


def _with_mark(name: str, text: str) -> str:
    # Not for betterproto2's `py.typed`, in which every word has a meaning.
    return f"# {MARK}\n{text}" if name.endswith((".py", ".pyi")) else text


def _adapted_output(tree: Path, names: list[str], import_prefix: str) -> dict[str, str]:
    """Return protoc's output by path, adapted to the place where it will be."""
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
