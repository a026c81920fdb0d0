"""The files for the Buf Schema Registry in bsr/, as far as buf reads them offline."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

import pytest
import yaml

from restate_proto.version import __version__
from tests.buf.project import ROOT, Project

BSR = ROOT / "bsr"
PLUGINS = sorted(path.parent.name for path in BSR.glob("plugins/*/buf.plugin.yaml"))


@pytest.fixture
def bsr(tmp_path: Path) -> Project:
    shutil.copytree(BSR, tmp_path / "bsr")
    return Project(tmp_path)


def test_the_module_builds_and_its_readme_is_a_contract(bsr: Project) -> None:
    bsr.run("restate-proto", "export", "bsr/module")
    (contract,) = re.findall(
        r"```proto\n(.*?)```", (BSR / "module/README.md").read_text(), re.DOTALL
    )
    bsr.write({"bsr/module/greeter/v1/greeter.proto": contract})
    bsr.run("buf", "build", "bsr/module")
    bsr.run("buf", "lint", "bsr/module", "--path", "bsr/module/restatepb")


def test_every_plugin_is_a_script() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    names = {name: f"protoc-gen-{name}-restate" for name in PLUGINS}
    names["docs"] = "protoc-gen-restate-docs"
    assert set(names.values()) == {name for name in scripts if name.startswith("protoc-gen-")}


@pytest.mark.parametrize("name", PLUGINS)
def test_buf_reads_the_file_of_a_plugin(bsr: Project, name: str) -> None:
    """buf looks for the image only after it has accepted the file."""
    push = ("buf", "beta", "registry", "plugin", "push", f"bsr/plugins/{name}")
    assert "unable to find a image.tar" in bsr.fails(*push, "--visibility=public")
    file = Path(f"bsr/plugins/{name}/buf.plugin.yaml")
    bsr.write({str(file): (ROOT / file).read_text() + "unknown: 1\n"})
    assert "field unknown not found" in bsr.fails(*push, "--visibility=public")


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_has_the_version_of_the_project(name: str) -> None:
    plugin = yaml.safe_load((BSR / "plugins" / name / "buf.plugin.yaml").read_text())
    assert plugin["plugin_version"] == f"v{__version__}"
    assert plugin["name"] == f"buf.build/restate-proto/{name}"
