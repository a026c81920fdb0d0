"""docs/buf.md: its steps are followed as written, in a project with the README's contract."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.buf.project import GIT, ROOT, Project

README = ROOT / "README.md"
PAGE = ROOT / "docs" / "buf.md"
CONTRACT = "proto/greeter/v1/greeter.proto"
CODE = "greeter/v1/greeter_restate.py"

# What the sections that generate code run, as the number of their commands.
GENERATING = {
    "Exported, not checked in": 2,
    "Exported by buf": 2,
    "Vendored in your own module": 3,
    "Generate": 5,
    "protoc": 2,
}

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"(?:#|//) (\S+)\n")
_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(GIT is None, reason="git is not installed here")


def sections() -> dict[str, str]:
    """The text below each heading of the page."""
    _, *parts = _HEADING.split(PAGE.read_text("utf-8"))
    return dict(zip(parts[::2], parts[1::2], strict=True))


def do(project: Project, text: str, **environ: str) -> int:
    """Write the files and run the commands of a text in order; return the number of commands."""
    count = 0
    for block in _BLOCK.finditer(text):
        file = _FILE.match(block["text"])
        if file:
            project.write({file[1]: block["text"]})
        elif block["language"] == "bash":
            for line in block["text"].splitlines():
                project.run("/bin/sh", "-c", line, **environ)
                count += 1
    return count


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Commit the README's contract after the commands of the page's first section."""
    project = Project(tmp_path_factory.mktemp("docs"))
    texts = (block["text"] for block in _BLOCK.finditer(README.read_text("utf-8")))
    (contract,) = (text for text in texts if text.startswith(f"// {CONTRACT}\n"))
    project.write({CONTRACT: contract})
    assert do(project, sections()["Set-up"]) == 4
    project.commit()
    return project


@pytest.fixture
def project(set_up: Project, tmp_path: Path) -> Project:
    shutil.copytree(set_up.directory, tmp_path / "project")
    return Project(tmp_path / "project")


def test_the_set_up_generates_what_the_page_says(set_up: Project) -> None:
    made = [Path(name) for name in set_up.files("gen")]
    text = sections()["Set-up"]
    assert len(made) == 3
    assert all(f"`{path.name}`" in text for path in made)
    assert {f"`gen/{path.parent.as_posix()}`" in text for path in made} == {True}
    imports = "from greeter.v1 import greeter_restate"
    set_up.run("python", "-c", imports, PYTHONPATH="gen")


@pytest.mark.parametrize("title", GENERATING)
def test_a_section_generates_the_same_code(
    project: Project, set_up: Project, tmp_path: Path, title: str
) -> None:
    clone = Project(tmp_path / "clone")
    shutil.copytree(ROOT / "proto", clone.directory / "proto")
    clone.commit()
    shutil.rmtree(project.directory / "gen")
    if title.startswith("Exported"):
        shutil.rmtree(project.directory / "third_party")

    count = do(project, sections()[title], RESTATE_PROTO=str(clone.directory))

    assert count == GENERATING[title]
    assert project.files("out" if title == "protoc" else "gen")[CODE] == set_up.files("gen")[CODE]


def test_breaking_changes_are_found_against_the_main_branch(project: Project) -> None:
    assert do(project, sections()["Breaking changes"]) == 1


def test_rules_need_no_registry(project: Project) -> None:
    contracts = (ROOT / "docs/contract.md").read_text("utf-8")
    (contract,) = (
        block["text"]
        for block in _BLOCK.finditer(contracts)
        if "package accounts.v1;" in block["text"]
    )
    project.write({"proto/accounts/v1/accounts.proto": contract})
    template = (project.directory / "buf.gen.yaml").read_text("utf-8")
    messages = "    exclude_types: [restatepb.v1]\n"
    with_rules = template.replace(messages, f"    include_imports: true\n{messages}")
    project.write({"buf.gen.yaml": with_rules})
    assert "imported file does not exist" in project.fails("buf", "generate")

    assert do(project, sections()["Without the registry"]) == 4

    imports = "from accounts.v1 import accounts_restate"
    project.run("python", "-c", imports, PYTHONPATH="gen")


def test_documentation_shows_the_packages_of_managed_mode(project: Project) -> None:
    assert do(project, sections()["Documentation"]) == 1
    pages = project.files("site")
    assert sorted(pages) == ["README.md", "greeter/v1/greeter.proto.md"]
    page = pages["greeter/v1/greeter.proto.md"]
    assert "import com.acme.greeter.v1.GreeterClient;" in page
    assert '"acme.com/gen/greeter/v1"' in page
    assert "curl https://restate.acme.com/greeter.v1.Greeter" in page


def test_no_section_is_left_out() -> None:
    with_commands = {title for title, text in sections().items() if "```bash" in text}
    others = {"Set-up", "Without the registry", "Breaking changes", "Documentation"}
    assert with_commands == {*GENERATING, *others}
