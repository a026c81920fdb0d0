"""Generates the code of the languages from the contract, with buf."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from interop.commands import CommandError, run
from interop.contract import Contract
from interop.languages import command
from interop.toolchains import EXAMPLE, ROOT

if TYPE_CHECKING:
    from collections.abc import Collection

_SECONDS = 600
_GO_OPTIONS = Path("dev/restate/sdk/go.proto")
_GO_OPTIONS_FOR_TESTS = ROOT / "tests/generate/golden/go"


def plugins_of(template: str, languages: Collection[str]) -> str:
    """The template of `buf generate` with the plugins of these languages alone.

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
        workspace: a folder for files that nobody needs afterwards.

    Returns:
        The contract.

    Raises:
        CommandError: buf or a plugin failed.
    """
    await _fetch_options()
    template = workspace / "buf.gen.yaml"
    template.write_text(plugins_of((EXAMPLE / "buf.gen.yaml").read_text(), languages))
    image = workspace / "contract.binpb"
    for arguments in (
        ("lint",),
        ("build", "--output", str(image)),
        ("generate", "--template", str(template)),
    ):
        await run(command(".", "buf", *arguments), seconds=_SECONDS)
    return Contract.from_image(image.read_bytes())


async def _fetch_options() -> None:
    """Puts the options that the contract imports into third_party."""
    third_party = EXAMPLE / "third_party"
    await run(command(".", "restate-proto", "export", str(third_party)), seconds=_SECONDS)
    target = third_party / _GO_OPTIONS
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(await _go_options(), target)


async def _go_options() -> Path:
    """Go's options: from the module of its generator, or as this repository's tests have them."""
    module = "github.com/restatedev/sdk-go"
    try:
        await run(command("go/tools", "go", "mod", "download", module), seconds=_SECONDS)
        find = command("go/tools", "go", "list", "-m", "-f", "{{.Dir}}", module)
        return Path(await run(find, seconds=_SECONDS), "proto", _GO_OPTIONS)
    except CommandError:  # no Go here, or nothing that it could fetch the module from
        return _GO_OPTIONS_FOR_TESTS / _GO_OPTIONS
