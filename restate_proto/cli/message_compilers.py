"""Run the compilers of other message libraries, which are protoc plugins, without protoc."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib import util
from typing import TYPE_CHECKING

from google.protobuf.compiler import plugin_pb2
from google.protobuf.message import DecodeError

from restate_proto.cli.protoc import ContractError
from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.parse.files import parse_files
from restate_proto.generate.python.embedded import bare_files
from restate_proto.generate.python.generate import parse_options

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["compile_messages"]


@dataclass(frozen=True, slots=True)
class _Compiler:
    """A protoc plugin that is a Python module.

    Args:
        module: the module to run with `python -m`.
        needs: the packages that it needs.
        install: the requirement to install.
        parameter: its options.
    """

    module: str
    needs: tuple[str, ...]
    install: str
    parameter: str = ""


_COMPILERS = {
    "betterproto": _Compiler(
        module="betterproto.plugin",
        needs=("betterproto", "black", "isort", "jinja2"),
        install="betterproto[compiler]==2.0.0b7",
    ),
    "betterproto2": _Compiler(
        module="betterproto2_compiler.plugin",
        needs=("betterproto2_compiler",),
        install="betterproto2-compiler>=0.10,<0.11",
    ),
}


def compile_messages(
    library: str, request: plugin_pb2.CodeGeneratorRequest, temporary: Path
) -> tuple[dict[str, str], str]:
    """Generate the messages of a contract.

    Services are left out, because their code would need a gRPC library, and so are files that the
    contract only imports for options.

    Args:
        library: `betterproto` or `betterproto2`.
        request: the request from which the Restate code is generated.
        temporary: a folder to run in.

    Returns:
        The text of each file by its path, and the compiler's warnings.

    Raises:
        ContractError: the compiler is not installed, or it refuses the contract.
    """
    compiler = _COMPILERS[library]
    if not all(map(util.find_spec, compiler.needs)):
        raise ContractError(
            f"the compiler of {library} is not installed; "
            f"run `pip install '{compiler.install}'` to get it"
        )
    wanted = {name: set[str]() for name in request.file_to_generate}
    descriptors = Descriptors(request.proto_file)
    takes_all = parse_options(request.parameter).all_services
    for file in parse_files(descriptors, wanted, all_services=takes_all):
        wanted[file.path].update(message.full_name for message in file.messages())
    files = bare_files(descriptors, wanted)
    for file in files:
        file.source_code_info.SetInParent()  # betterproto2's compiler fails without it
    messages = plugin_pb2.CodeGeneratorRequest(
        file_to_generate=request.file_to_generate,
        parameter=compiler.parameter,
        proto_file=files,
    )
    # betterproto2's compiler calls ruff, which is next to this Python, but may not be on PATH.
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    done = subprocess.run(  # noqa: S603 - our own interpreter, and arguments without a shell
        [sys.executable, "-P", "-m", compiler.module],
        input=messages.SerializeToString(),
        capture_output=True,
        cwd=temporary,
        env={**os.environ, "PATH": path},
        check=False,
    )
    said = _without_progress(done.stderr.decode(errors="replace"))
    try:
        response = plugin_pb2.CodeGeneratorResponse.FromString(done.stdout)
    except DecodeError:
        response = plugin_pb2.CodeGeneratorResponse(error="its answer cannot be read")
    if done.returncode or response.error:
        reason = "\n".join(filter(None, (response.error, said)))
        raise ContractError(f"the compiler of {library} failed: {reason}")
    return {file.name.replace("\\", "/"): file.content for file in response.file}, said


def _without_progress(said: str) -> str:
    return "\n".join(line for line in said.splitlines() if not line.startswith("Writing "))
