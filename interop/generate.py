"""Generate the code of the languages from the contract, with buf.

The contract imports the rules of protovalidate, for which buf would ask its registry. Therefore
protoc compiles the contract with the rules of the installed protovalidate, and buf takes the result.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from interop.commands import run
from interop.contract import Contract
from interop.languages import command
from interop.toolchains import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

_SECONDS = 600


def plugins_of(template: str, languages: Collection[str]) -> str:
    """Return the template of `buf generate` with the plugins of these languages alone.

    Args:
        template: the text of buf.gen.yaml, which ends with its list of plugins.
        languages: the folders that may be generated into.
    """
    head, plugins, entries = template.partition("\nplugins:\n")
    kept = [
        entry
        for entry in re.split(r"^(?=  - )", entries, flags=re.MULTILINE)
        if (out := re.search(r"^ +out: ([^/\n]+)/", entry, re.MULTILINE)) and out[1] in languages
    ]
    return "".join([head, plugins, *kept])


async def generate(languages: Collection[str], workspace: Path) -> Contract:
    """Generate the code of the languages.

    Args:
        languages: their names.
        workspace: a folder for temporary files.

    Returns:
        The contract.

    Raises:
        CommandError: buf or a plugin failed.
    """
    third_party = EXAMPLE / "third_party"
    template = workspace / "buf.gen.yaml"
    template.write_text(plugins_of((EXAMPLE / "buf.gen.yaml").read_text(), languages))
    image = workspace / "contract.binpb"
    proto = EXAMPLE / "proto"
    of_contract = (str(image), "--path", "polyglot")
    for argv in (
        ("restate-proto", "export", str(third_party), "--rules"),
        (
            *("python", "-m", "grpc_tools.protoc", f"-I{proto}", f"-I{third_party}"),
            f"--descriptor_set_in={third_party / 'buf/validate/validate.binpb'}",
            *("--include_imports", "--include_source_info", f"--descriptor_set_out={image}"),
            *(str(path.relative_to(proto)) for path in sorted(proto.rglob("*.proto"))),
        ),
        ("buf", "lint", *of_contract, "--config", "buf.yaml"),
        ("buf", "generate", *of_contract, "--template", str(template)),
    ):
        await run(command(".", *argv), seconds=_SECONDS)
    return Contract.from_image(image.read_bytes())
