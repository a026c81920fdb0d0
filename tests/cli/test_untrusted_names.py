"""Names in an untrusted contract: none becomes an option, code, or a file elsewhere."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from google.protobuf.compiler import plugin_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from typer.testing import CliRunner

from restate_proto.cli.contracts import load_contract
from restate_proto.cli.generate import generate
from restate_proto.cli.git import Repository
from restate_proto.cli.main import app
from restate_proto.cli.protoc import ContractError, ProtoFolder
from restate_proto.generate.plugin import run
from restate_proto.generate.python.generate import generate as generate_python
from tests.cli.breaking_contracts import CART, breaking, write

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

EMPTY = 'syntax = "proto3";\n'

# What each is, and how it is shown.
REFUSED = {
    "--plugin=protoc-gen-x=evil.proto": "--plugin=protoc-gen-x=evil.proto",
    "@arguments.proto": "@arguments.proto",
    "a\n--python_out=elsewhere\nb.proto": r"a\n--python_out=elsewhere\nb.proto",
    "\x1b[2Jcleared.proto": r"\x1b[2Jcleared.proto",
    "a\u2028b.proto": r"a\u2028b.proto",
    "shop/back\\u000aslash.proto": "shop/back\\u000aslash.proto",
}
REFUSED_IN_SETS = {
    **REFUSED,
    "../up.proto": "../up.proto",
    "a/../../up.proto": "a/../../up.proto",
    "/rooted.proto": "/rooted.proto",
    "a//b.proto": "a//b.proto",
    "./here.proto": "./here.proto",
    "C:drive.proto": "C:drive.proto",
    "": "''",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_of_a_folder(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "proto", CART)
    write(folder, EMPTY, name)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ContractError) as caught:
        generate(Path("proto"), tmp_path / "out")
    assert REFUSED[name] in str(caught.value)
    assert str(caught.value).isprintable()
    for command in (["docs", "proto", "--out", "out"], ["generate", "proto", "--out", "out"]):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1
        assert REFUSED[name] in result.stderr
    result = breaking("proto", "--against", "proto")
    assert (result.exit_code, result.stdout) == (2, "")
    assert REFUSED[name] in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["proto"]


def test_no_program_of_a_contract_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """protoc would take names that begin with a dash for options."""
    folder = write(tmp_path / "proto", CART)
    program = write(tmp_path, f"#!/bin/sh\ntouch {tmp_path}/executed\n", "program") / "program"
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    write(folder, EMPTY, "--plugin=protoc-gen-x=./program\n--x_out=.\nshop/v1/cart.proto")
    monkeypatch.chdir(tmp_path)
    result = breaking("proto", "--against", "proto")
    assert not (tmp_path / "executed").exists()
    assert result.exit_code == 2


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems take UTF-8 alone")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    folder = write(tmp_path / "proto", CART)
    write(folder, EMPTY, os.fsdecode(b"\xff.proto"))
    with pytest.raises(ContractError, match=r"\\udcff\.proto"):
        ProtoFolder(folder)


def test_names_that_are_odd_and_harm_nobody(tmp_path: Path) -> None:
    names = [
        "größe und mehr/it's.proto",
        "a/--b.proto",
        "a.b/@c.proto",
        'quo"te.proto',
        "a$b.proto",
    ]
    for number, name in enumerate(names):
        write(tmp_path, f"{EMPTY}message M{number} {{}}", name)
    assert ProtoFolder(tmp_path).names == sorted(names)
    assert len(load_contract(tmp_path).names) == len(names)


def test_only_files_are_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "proto", CART)
    write(folder, EMPTY, "folder.proto/inside.proto")
    (folder / "empty.proto").mkdir()
    (folder / "dangling.proto").symlink_to("nowhere")
    os.mkfifo(folder / "pipe.proto")
    assert ProtoFolder(folder).names == ["folder.proto/inside.proto", "shop/v1/cart.proto"]
    assert load_contract(folder).names == ("folder.proto/inside.proto", "shop/v1/cart.proto")


@pytest.mark.parametrize("name", ["a\nb", "a\x1b[2Jb", f"a{os.pathsep}b", "a=b"])
def test_a_folder_whose_name_protoc_would_take_apart(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path / name)
    with pytest.raises(ContractError, match="rename the folder") as caught:
        ProtoFolder(folder)
    assert str(caught.value).isprintable()
    with pytest.raises(ContractError, match="rename the folder"):
        ProtoFolder(write(tmp_path / "proto"), include=[folder])


@pytest.mark.parametrize("name", ["\x1b[2J.txt", "-x.txt"])
def test_what_is_imported(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "proto", CART.replace("import", f'import "{name}"; import', 1))
    include = write(tmp_path / "more", EMPTY, name)
    with pytest.raises(ContractError, match=r"proto path .*\.txt"):
        load_contract(folder, [include])
    with pytest.raises(ContractError, match=r"\.txt: File not found") as caught:
        load_contract(folder)
    assert "\x1b" not in str(caught.value)


def image(name: str) -> FileDescriptorSet:
    file = FileDescriptorProto(name=name, package="evil", syntax="proto3")
    file.message_type.add(name="M")
    file.service.add(name="S").method.add(name="Do", input_type=".evil.M", output_type=".evil.M")
    return FileDescriptorSet(file=[file])


@pytest.mark.parametrize("name", REFUSED_IN_SETS)
def test_a_file_of_a_descriptor_set(name: str, tmp_path: Path) -> None:
    path = tmp_path / "image.binpb"
    path.write_bytes(image(name).SerializeToString())
    with pytest.raises(ContractError) as caught:
        load_contract(path, all_services=True)
    assert REFUSED_IN_SETS[name] in str(caught.value)
    assert str(caught.value).isprintable()
    result = breaking(write(tmp_path / "proto"), "--against", path, "--all-services")
    assert (result.exit_code, result.stdout) == (2, "")
    assert REFUSED_IN_SETS[name] in result.stderr


@pytest.mark.parametrize("name", REFUSED_IN_SETS)
def test_a_file_of_a_plugins_request(name: str) -> None:
    request = plugin_pb2.CodeGeneratorRequest(
        file_to_generate=[name], parameter="all_services=true", proto_file=image(name).file
    )
    response = plugin_pb2.CodeGeneratorResponse.FromString(
        run(request.SerializeToString(), generate_python)
    )
    assert REFUSED_IN_SETS[name] in response.error
    assert response.error.isprintable()
    assert not response.file


@pytest.mark.parametrize("path", ["../up.py", "/rooted.py", "a/../../b.py", "a\nb.py"])
def test_a_generator_names_no_file_elsewhere(path: str) -> None:
    """An option of the contract sets the package of Java, for example."""
    response = plugin_pb2.CodeGeneratorResponse.FromString(run(b"", lambda _: {path: "text"}))
    assert "is not a path below a folder" in response.error
    assert not response.file


@pytest.mark.parametrize("name", ['x"), open("executed", "w"), ("', "x; import os", "größe mehr"])
def test_no_name_is_code(name: str, tmp_path: Path) -> None:
    """Generated Python imports modules by the path of the contract's file."""
    write(tmp_path / "proto", f"{EMPTY}message M {{}}", f"{name}.proto")
    quoted = name.replace('"', '\\"')
    uses = f"""
        syntax = "proto3";
        package shop.v1;
        import "{quoted}.proto";
        service Shop {{ rpc Open(.M) returns (.M); }}
        """
    write(tmp_path / "proto", uses, "shop/v1/uses.proto")
    with pytest.raises(ContractError) as caught:
        generate(tmp_path / "proto", tmp_path / "out", all_services=True)
    assert f"{name}.proto: Python has no name for the module" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_texts_of_a_contract_do_not_steer_the_terminal(tmp_path: Path) -> None:
    """GitHub takes any line that begins with `::` for a command."""
    evil = r"items\n::add-mask::x\033[2J"
    old = write(tmp_path / "old", CART.replace('"items"', f'"{evil}"'))
    result = breaking(write(tmp_path / "new"), "--against", old)
    assert result.exit_code == 1
    assert r"items\n::add-mask::x\x1b[2J" in result.stdout
    assert not [line for line in result.stdout.splitlines() if line.startswith("::")]
    assert "\x1b" not in result.stdout
    flow = CART.replace("object) = {", r'object) = { name: "a\n::add-mask::x" ')
    with pytest.raises(ContractError, match=r'"a\\n::add-mask::x"'):
        load_contract(write(tmp_path / "flow", flow))


def git(*arguments: str | Path, folder: Path, given: bytes = b"") -> bytes:
    command = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    done = subprocess.run(
        [*command, *map(str, arguments)], cwd=folder, check=True, capture_output=True, input=given
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "deep" / "repository"
    folder.mkdir(parents=True)
    git("init", "--quiet", "--initial-branch", "main", folder=folder)
    monkeypatch.chdir(folder)
    write(folder / "proto")
    return folder


def store(folder: Path, kind: str, content: bytes) -> bytes:
    """Put an object into a repository as a hostile remote would, without git checking it."""
    data = f"{kind} {len(content)}".encode() + b"\0" + content
    name = hashlib.sha1(data, usedforsecurity=False).hexdigest()
    path = folder / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(data))
    return bytes.fromhex(name)


def commit_tree(folder: Path, tree: bytes) -> str:
    return git("commit-tree", tree.hex(), "-m", "evil", folder=folder).decode()


def entry(mode: str, name: str, object_: bytes) -> bytes:
    return f"{mode} {name}".encode() + b"\0" + object_


@needs_git
@pytest.mark.parametrize(
    "name", ["../../evil.proto", "..", "/tmp/restate-proto-evil.proto", ".", "a/../../evil.proto"]
)
def test_a_tree_with_paths_that_lead_out(name: str, repository: Path, tmp_path: Path) -> None:
    blob = store(repository, "blob", EMPTY.encode())
    inner = store(repository, "tree", entry("100644", "evil.proto", blob))
    is_file = name.endswith(".proto")
    part = entry("100644", name, blob) if is_file else entry("40000", name, inner)
    tree = store(repository, "tree", part)
    proto = store(repository, "tree", entry("40000", "proto", tree))
    before = sorted(tmp_path.rglob("*"))
    for source, root in (("proto", proto), (".", tree)):
        result = breaking(source, "--against", commit_tree(repository, root))
        assert (result.exit_code, result.stdout) == (2, "")
        assert "evil.proto" in result.stderr
    assert [path for path in sorted(tmp_path.rglob("*")) if ".git" not in path.parts] == [
        path for path in before if ".git" not in path.parts
    ]
    assert not Path("/tmp/restate-proto-evil.proto").exists()


@needs_git
def test_a_tree_with_a_link_and_something_below_it(repository: Path, tmp_path: Path) -> None:
    """git makes no such tree; a file below the link would be written where the link leads."""
    blob = store(repository, "blob", EMPTY.encode())
    target = store(repository, "blob", b"top")
    below = store(repository, "tree", entry("120000", "evil.proto", target))
    deep = store(repository, "tree", entry("120000", "x", target) + entry("40000", "x", below))
    more = store(repository, "tree", entry("40000", "deep", deep))
    top = store(repository, "tree", entry("100644", "a.proto", blob))
    root = store(repository, "tree", entry("40000", "proto", more) + entry("40000", "top", top))
    result = breaking("--against", commit_tree(repository, root))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "proto/deep/x/evil.proto" in result.stderr
    assert not list(tmp_path.rglob("evil.proto"))


@needs_git
@pytest.mark.parametrize("target", ["../../../..", "/etc", "proto\0", "x" * 5000, ""])
def test_a_link_that_leads_nowhere_or_out(target: str, repository: Path) -> None:
    git("add", "--all", folder=repository)
    git("commit", "--quiet", "-m", "a contract", folder=repository)
    blob = store(repository, "blob", target.encode())
    git("update-index", "--add", "--cacheinfo", f"120000,{blob.hex()},proto/out", folder=repository)
    tree = git("write-tree", folder=repository)
    result = breaking("--against", commit_tree(repository, bytes.fromhex(tree.decode())))
    assert result.stderr.startswith("nothing breaks (against ")
    assert result.exit_code == 0


@needs_git
@pytest.mark.parametrize("name", REFUSED)
def test_a_file_of_a_revision(name: str, repository: Path) -> None:
    write(Path("proto"), EMPTY, name)
    git("add", "--all", folder=repository)
    git("commit", "--quiet", "-m", "evil", folder=repository)
    Path("proto", name).unlink()
    result = breaking("--against", "main")
    assert (result.exit_code, result.stdout) == (2, "")
    assert REFUSED[name] in result.stderr


@needs_git
def test_attributes_of_a_tree_change_nothing_and_run_nothing(repository: Path) -> None:
    """A checkout or an archive would obey all of these attributes."""
    program = f"sh -c 'touch {repository}/executed; cat'"
    git("config", "filter.evil.smudge", program, folder=repository)
    write(Path("proto"), CART.replace("service", "// $Id$ $Format:%H$\n        service", 1))
    attributes = "* filter=evil\n* text eol=crlf\n* ident\n* export-subst\n* export-ignore\n"
    Path("proto/.gitattributes").write_text(attributes)
    git("add", "--all", folder=repository)
    git("commit", "--quiet", "-m", "evil", folder=repository)
    into = repository.parent / "into"
    into.mkdir()
    found = Repository(repository)
    assert found.extract(found.commit("HEAD") or "", "proto", into)
    committed = git("cat-file", "blob", "HEAD:proto/shop/v1/cart.proto", folder=repository)
    assert (into / "proto/shop/v1/cart.proto").read_bytes().strip() == committed
    assert b"$Id$ $Format:%H$" in committed
    assert not Path("executed").exists()


@needs_git
@pytest.mark.parametrize("revision", ["--output=executed", "-main", "^main", "--all", "main..main"])
def test_no_revision_is_an_option(revision: str, repository: Path) -> None:
    git("add", "--all", folder=repository)
    git("commit", "--quiet", "-m", "a contract", folder=repository)
    result = breaking(f"--against={revision}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{revision} is not a file, a folder or a revision" in result.stderr
    assert not Path("executed").exists()


@needs_git
@pytest.mark.parametrize("path", [":(glob)**", ":/", "-x", "*"])
def test_a_path_of_a_revision_is_a_path(path: str, repository: Path) -> None:
    git("add", "--all", folder=repository)
    git("commit", "--quiet", "-m", "a contract", folder=repository)
    result = breaking("--against", f"main:{path}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"main has no .proto files in {path.strip('/')}" in result.stderr
    result = breaking("--against", "main:proto/../..")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "proto/../.. is not a path of a repository" in result.stderr


@needs_git
def test_a_repository_in_the_contract_is_not_asked(repository: Path) -> None:
    """A clone may hold a folder that looks like a repository, with a configuration of its own."""
    evil = repository / "proto"
    git("init", "--quiet", "--bare", "proto", folder=repository)
    text = (
        (evil / "config").read_text().replace("bare = true", f"bare = false\n\tworktree = {evil}")
    )
    remote = f"ext::sh -c touch% {repository}/executed"
    text += f'[extensions]\n\tpartialClone = evil\n[remote "evil"]\n\tpromisor = true\n\turl = {remote}\n'
    (evil / "config").write_text(f"{text}[protocol]\n\tallow = always\n")
    (evil / "refs" / "heads" / "main").write_text(f"{'1' * 40}\n")
    result = breaking("--against", "main")
    assert not (repository / "executed").exists()
    assert result.exit_code == 2
    assert "is not in a git repository" in result.stderr
