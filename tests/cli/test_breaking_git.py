"""`restate-proto breaking --against REVISION`, on real repositories."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from restate_proto.cli.protoc import ProtoFolder
from tests.cli.breaking_contracts import CART, MONEY, breaking, write

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

DROPPED = CART.replace("  rpc Drop(Items) returns (Items);\n", "")


def git(*arguments: str | Path, folder: Path | None = None) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", *map(str, arguments)],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


def commit(folder: Path | None = None) -> None:
    git("add", "--all", folder=folder)
    git("commit", "--quiet", "--allow-empty", "--message", "a change", folder=folder)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the contract in `proto`, and the current folder."""
    # No hook's variables, and no configuration of who runs the tests.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "repository"
    folder.mkdir()
    monkeypatch.chdir(folder)
    git("init", "--quiet", "--initial-branch", "main")
    write(folder / "proto")
    commit()
    return folder


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize("revision", ["main", "HEAD", "v1", "v1.1", "HEAD~1", "@{0}", "topic"])
def test_a_revision(revision: str) -> None:
    git("tag", "v1")
    git("tag", "--annotate", "--message", "a release", "v1.1")
    git("branch", "topic")
    if revision == "HEAD~1":
        commit()
    write(Path("proto"), DROPPED)
    result = breaking("--against", revision)
    assert result.exit_code == 1, result.output
    assert result.stdout.startswith("proto/shop/v1/cart.proto:5:1: breaking: ")
    assert f"    before: {revision}:proto/shop/v1/cart.proto:8:3\n" in result.stdout
    assert breaking("--against", revision, "--format", "json").exit_code == 1


@pytest.mark.usefixtures("repository")
def test_the_work_tree_and_the_index_are_left_alone() -> None:
    write(Path("proto"), DROPPED)
    write(Path("proto"), MONEY, "staged.proto")
    git("add", "proto/staged.proto")
    before = git("status", "--porcelain"), git("stash", "list"), git("worktree", "list")
    assert breaking("--against", "main").exit_code == 1
    assert (git("status", "--porcelain"), git("stash", "list"), git("worktree", "list")) == before


def test_from_another_folder_and_with_a_hooks_variables(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(repository / "proto", DROPPED)
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "elsewhere")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere" / ".git"))
    result = breaking(repository / "proto", "--against", "main")
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{repository}/proto/shop/v1/cart.proto:5:1: ")

    monkeypatch.chdir(repository / "proto" / "shop")
    result = breaking("..", "--against", "main")
    assert result.stdout.startswith("../shop/v1/cart.proto:5:1: breaking: ")
    assert "before: main:proto/shop/v1/cart.proto:8:3" in result.stdout


def test_the_root_is_the_folder_of_the_contract(repository: Path) -> None:
    shutil.move("proto/shop", ".")
    commit()
    write(repository, DROPPED)
    result = breaking(".", "--against", "main")
    assert "before: main:shop/v1/cart.proto:8:3" in result.stdout


@pytest.mark.usefixtures("repository")
def test_a_folder_that_was_not_there_is_new() -> None:
    shutil.move("proto", "contracts")
    result = breaking("contracts", "--against", "main")
    assert result.exit_code == 0
    assert (
        "note: there are no .proto files in contracts at main: everything is new" in result.stderr
    )
    write(Path("contracts"), DROPPED)
    assert "HANDLER_REMOVED" in breaking("contracts", "--against", "main:proto").stdout
    assert "HANDLER_REMOVED" in breaking("contracts", "--against", "main:proto/").stdout
    result = breaking("contracts", "--against", "main:protos")
    assert result.exit_code == 2
    assert "main has no .proto files in protos" in result.stderr


def test_imports_are_of_the_revision_too(repository: Path, tmp_path: Path) -> None:
    common, elsewhere = Path("common/proto"), tmp_path / "elsewhere"
    write(common, MONEY, "common/v1/money.proto")
    write(
        elsewhere,
        'syntax = "proto3"; package other; message Other { string id = 1; }',
        "other.proto",
    )
    text = CART.replace("import", 'import "common/v1/money.proto"; import "other.proto"; import', 1)
    write(Path("proto"), text.replace("repeated string ids", "common.v1.Money price"))
    commit()
    write(common, MONEY.replace("int64", "string"), "common/v1/money.proto")
    result = breaking("--against", "main", "-I", common, "-I", elsewhere)
    assert result.exit_code == 1
    assert "common/proto/common/v1/money.proto:3:17: breaking: " in result.stdout
    assert "before: main:common/proto/common/v1/money.proto:3:17" in result.stdout

    # A folder that the revision does not have is taken as it is.
    exported = Path("exported")
    shutil.move(elsewhere, exported)
    assert breaking("--against", "main", "-I", common, "-I", exported).exit_code == 1
    assert repository == Path.cwd()


@pytest.mark.usefixtures("repository")
def test_links_in_the_repository_are_followed() -> None:
    write(Path("third_party/common"), MONEY, "v1/money.proto")
    Path("proto/common").symlink_to("../third_party/common")
    Path("proto/shop/v2").mkdir()
    Path("proto/shop/v2/cart.proto").symlink_to("../../../elsewhere/cart.proto")
    write(Path("elsewhere"), CART.replace("shop.v1", "shop.v2"), "cart.proto")
    Path("proto/outside").symlink_to("/")
    Path("proto/circle").symlink_to("../proto")
    uses = CART.replace("import", 'import "common/v1/money.proto"; import', 1)
    write(Path("proto"), uses.replace("repeated string ids", "common.v1.Money price"))
    commit()
    assert breaking("--against", "main").stderr == "nothing breaks (against main)\n"
    write(Path("elsewhere"), DROPPED.replace("shop.v1", "shop.v2"), "cart.proto")
    result = breaking("--against", "main")
    assert "before: main:proto/shop/v2/cart.proto:8:3" in result.stdout
    assert result.stderr == "1 breaking change (against main)\n"
    assert breaking("--against", "main", "-I", ".").exit_code == 1


@pytest.mark.usefixtures("repository")
def test_names_that_are_no_ascii_and_have_spaces() -> None:
    write(Path("proto"), CART.replace("shop.v1", "shop.v3"), "größe und mehr/cart.proto")
    commit()
    write(Path("proto"), DROPPED.replace("shop.v1", "shop.v3"), "größe und mehr/cart.proto")
    result = breaking("--against", "main", "--format", "json")
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding["before"]["file"] == finding["file"] == "proto/größe und mehr/cart.proto"


@pytest.mark.usefixtures("repository")
def test_what_is_marked_for_no_archive_counts() -> None:
    Path(".gitattributes").write_text("proto/** export-ignore\n")
    commit()
    write(Path("proto"), DROPPED)
    assert breaking("--against", "main").exit_code == 1


@pytest.mark.usefixtures("repository")
def test_a_revision_that_protoc_does_not_take() -> None:
    write(Path("proto"), CART.replace("message Items", "massage Items"))
    commit()
    write(Path("proto"), CART)
    result = breaking("--against", "HEAD")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "HEAD:proto/shop/v1/cart.proto:" in result.stderr
    assert "/tmp" not in result.stderr


@pytest.mark.usefixtures("repository")
def test_a_revision_that_breaks_rules_of_today() -> None:
    flow = "service Flow { option (restatepb.v1.workflow) = {}; rpc Do(Items) returns (Items); }\n"
    write(Path("proto"), CART + flow)
    commit()
    write(Path("proto"), CART + flow.replace("rpc Do", "rpc Run"))
    result = breaking("--against", "main")
    assert result.exit_code == 1
    assert "main:proto/shop/v1/cart.proto:12:1: workflow shop.v1.Flow has no run" in result.stderr


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("against", "says"),
    [
        ("mian", "mian is not a file, a folder or a revision of the repository "),
        ("mian", "; did you mean main?"),
        ("main~7", "main~7 is not a file, a folder or a revision"),
        ("topic", "; did you mean origin/topic?"),
        (".git#branch=main", "; write main, as git does"),
        ("--all", "--all is not a file, a folder or a revision"),
        (":proto", ":proto is not a file, a folder or a revision"),
        ("main:proto/shop/v1/cart.proto", "cart.proto is a file; write the folder of"),
        ("main^{tree}", "main^{tree} is not a file, a folder or a revision"),
    ],
)
def test_no_revision(against: str, says: str) -> None:
    git("update-ref", "refs/remotes/origin/topic", "HEAD")
    result = breaking(f"--against={against}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_a_shallow_clone(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit()
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--depth", "1", f"file://{repository}", clone)
    monkeypatch.chdir(clone)
    write(clone / "proto", DROPPED)
    assert breaking("--against", "origin/main").exit_code == 1
    result = breaking("--against", "release/7")
    assert result.exit_code == 2
    assert (
        "this clone is shallow: `git fetch origin release/7`, then write FETCH_HEAD"
        in result.stderr
    )
    result = breaking("--against", "HEAD~7")
    assert "this clone is shallow: `git fetch --unshallow` gets older revisions" in result.stderr


@pytest.mark.usefixtures("repository")
def test_a_folder_and_a_revision_of_one_name() -> None:
    write(Path("main"), DROPPED)
    result = breaking("--against", "main")
    assert result.exit_code == 2
    assert (
        "main is both a folder and a git revision; write ./main for the folder, or refs/heads/main"
        in (result.stderr)
    )
    assert breaking("--against", "./main").exit_code == 0
    assert breaking("--against", "refs/heads/main").exit_code == 0


def test_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    write(tmp_path / "proto")
    result = breaking(tmp_path / "proto", "--against", "main")
    assert result.exit_code == 2
    assert (
        "main is neither a file nor a folder, and git revisions cannot be read: " in result.stderr
    )
    assert "is not in a git repository" in result.stderr


def test_no_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = breaking("--against", "main")
    assert result.exit_code == 2
    assert "git is not installed" in result.stderr
    shutil.copytree("proto", "old")
    assert breaking("--against", "old").exit_code == 0
    assert repository == Path.cwd()


@pytest.mark.usefixtures("repository")
def test_a_revision_needs_a_folder_to_compare_with() -> None:
    temporary = Path("temporary")
    temporary.mkdir()
    descriptors, _ = ProtoFolder(Path("proto")).compile(temporary)
    Path("new.binpb").write_bytes(descriptors.SerializeToString())
    result = breaking("new.binpb", "--against", "main")
    assert result.exit_code == 2
    assert "to compare with a git revision, name a folder of .proto files" in result.stderr


@pytest.mark.usefixtures("repository")
def test_the_docs_show_what_it_prints() -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "evolution.md").read_text(encoding="utf-8")
    shown = page.partition("```text\n")[2].partition("```")[0]
    shutil.rmtree("proto")
    shutil.copytree(root / "proto" / "shop", Path("proto", "shop"))
    commit()
    cart = Path("proto/shop/v1/cart.proto")
    cart.write_text(cart.read_text().replace('"tickets"', '"held"'))
    assert breaking("--against", "main").stdout == shown
