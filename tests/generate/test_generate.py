"""`restate-proto generate`: what it writes, what it leaves alone, and how it fails."""

# ruff: noqa: ISC004 - expected texts of several lines stand beside what gives them
from __future__ import annotations

import subprocess
import sys
from importlib import util
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from restate_proto.cli.generate import generate, generate_command
from restate_proto.cli.protoc import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

SHOP = {
    "shop/v1/cart.proto": """
        syntax = "proto3";
        package shop.v1;
        import "restatepb/v1/options.proto";
        import "google/protobuf/empty.proto";
        import "shop/common.proto";
        service Cart {
          option (restatepb.v1.object) = {};
          rpc Show(google.protobuf.Empty) returns (shop.Money);
        }
        """,
    "shop/common.proto": """
        syntax = "proto3";
        package shop;
        import "top.proto";
        message Money { int64 cents = 1; Top top = 2; }
        """,
    "top.proto": 'syntax = "proto3"; message Top {}',
}


@pytest.fixture
def protos(tmp_path: Path) -> Path:
    return written(tmp_path / "protos", SHOP)


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return folder


def tree(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py*"))


def imports(root: Path, module: str) -> None:
    """Import a module in a fresh process, which has to find every import below the root."""
    import restate_proto  # the checkout, wherever it is installed from
    import restatepb.v1.options_pb2 as options

    roots = [
        str(root),
        str(Path(restate_proto.__path__[0]).parent),
        str(Path(options.__file__).parents[2]),
    ]
    code = f"import sys; sys.path[:0] = {roots!r}; import {module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_one_call_gives_messages_stubs_and_restate_code(protos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    generated = generate(protos, out)
    assert tree(out) == [
        "shop/common_pb2.py",
        "shop/common_pb2.pyi",
        "shop/v1/cart_pb2.py",
        "shop/v1/cart_pb2.pyi",
        "shop/v1/cart_restate.py",
        "top_pb2.py",
        "top_pb2.pyi",
    ]
    assert [path.relative_to(out).as_posix() for path in generated.files] == tree(out)
    assert not generated.warnings
    imports(out, "shop.v1.cart_restate")


def test_the_tree_can_be_inside_a_package(protos: Path, tmp_path: Path) -> None:
    generate(protos, tmp_path / "root/acme/gen", import_prefix="acme.gen")
    imports(tmp_path / "root", "acme.gen.shop.v1.cart_restate")


def test_what_is_right_already_is_left_alone(protos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    generate(protos, out)
    kept, changed = out / "shop/common_pb2.py", out / "shop/v1/cart_restate.py"
    changed.write_text("")
    before = kept.stat()
    generate(protos, out)
    assert kept.stat().st_mtime_ns == before.st_mtime_ns
    assert changed.read_text()


def test_a_copy_of_the_options_is_neither_generated_nor_used(protos: Path, tmp_path: Path) -> None:
    written(
        protos,
        {
            "restatepb/v1/options.proto": "this is not even proto",
            "google/protobuf/empty.proto": """
                syntax = "proto3";
                package google.protobuf;
                message Empty {}
                """,
            ".venv/hidden.proto": "nor is this",
            "node_modules/x/y.proto": "nor this",
        },
    )
    generate(protos, tmp_path / "out")
    assert not [name for name in tree(tmp_path / "out") if not name.startswith(("shop", "top"))]


def test_imports_are_found_in_further_folders(tmp_path: Path) -> None:
    protos = written(tmp_path / "a", {"shop/v1/cart.proto": SHOP["shop/v1/cart.proto"]})
    more = written(tmp_path / "b", {k: v for k, v in SHOP.items() if "cart" not in k})
    generate(protos, tmp_path / "out", include=[more])
    assert tree(tmp_path / "out") == [
        "shop/v1/cart_pb2.py",
        "shop/v1/cart_pb2.pyi",
        "shop/v1/cart_restate.py",
    ]


def test_the_modules_of_a_workspace_are_generated_together(tmp_path: Path) -> None:
    shop = written(tmp_path / "shop-api", {"shop/v1/cart.proto": SHOP["shop/v1/cart.proto"]})
    common = written(tmp_path / "common", {k: v for k, v in SHOP.items() if "cart" not in k})
    third = written(tmp_path / "third_party", {"restatepb/v1/options.proto": "a copy of ours"})
    for messages, expected in (("protobuf", None), ("betterproto2", TREES["betterproto2"])):
        out = tmp_path / messages / "gen"
        generate([shop, common, third], out, messages=messages)
        assert set(tree(out)) == (
            expected
            or {
                *("shop/common_pb2.py", "shop/common_pb2.pyi", "top_pb2.py", "top_pb2.pyi"),
                *("shop/v1/cart_pb2.py", "shop/v1/cart_pb2.pyi", "shop/v1/cart_restate.py"),
            }
        )
    imports(tmp_path / "protobuf/gen", "shop.v1.cart_restate")


def test_what_is_wrong_in_a_workspace_is_found_in_its_folder(tmp_path: Path) -> None:
    first = written(tmp_path / "first", {"a.proto": SHOP["top.proto"]})
    bad = {"b.proto": 'syntax = "proto3";\nmessage {'}
    second = written(tmp_path / "second", bad)
    with pytest.raises(ContractError) as caught:
        generate([first, second], tmp_path / "out")
    assert str(caught.value) == f"{second}/b.proto:2:9: Expected message name."
    written(second, {"a.proto": SHOP["top.proto"]})
    with pytest.raises(
        ContractError, match=r"second/a\.proto and .*first/a\.proto have the same path"
    ):
        generate([first, second], tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ContractError, match=r"empty and .*empty have no \.proto files"):
        generate([tmp_path / "empty", tmp_path / "empty"], tmp_path / "out")


def test_the_command_takes_several_folders(tmp_path: Path, app: typer.Typer) -> None:
    first = written(tmp_path / "first", {"a.proto": SHOP["top.proto"]})
    second = written(tmp_path / "second", {"b.proto": 'syntax = "proto3"; import "a.proto";'})
    out = tmp_path / "out"
    result = CliRunner().invoke(app, [str(first), str(second), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert tree(out) == ["a_pb2.py", "a_pb2.pyi", "b_pb2.py", "b_pb2.pyi"]


def test_an_import_whose_type_an_option_names_is_used(tmp_path: Path) -> None:
    folder = tmp_path / "proto"
    folder.mkdir()
    for name, message in (("named", "Outer { message Inner {} }"), ("other", "Other {}")):
        text = f'syntax = "proto3"; package {name}; message {message}'
        (folder / f"{name}.proto").write_text(text)
    (folder / "one.proto").write_text(
        'syntax = "proto3";\n'
        'import "named.proto";\n'
        'import "other.proto";\n'
        'import "restatepb/v1/options.proto";\n'
        "message M {}\n"
        "service S {\n"
        '  option (restatepb.v1.service) = {error: {type: "named.Outer.Inner" code: 409}};\n'
        "  rpc Do(M) returns (M);\n"
        "}\n"
    )
    warnings = generate(folder, tmp_path / "out").warnings
    assert warnings == f"{folder}/one.proto:3:1: warning: Import other.proto is unused."


def test_an_unused_import_is_a_warning(protos: Path, tmp_path: Path) -> None:
    written(protos, {"warn.proto": 'syntax = "proto3"; import "top.proto";'})
    assert "warn.proto" in generate(protos, tmp_path / "out").warnings


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"bad.proto": 'syntax = "proto3";\nmessage {'},
            "{protos}/bad.proto:2:9: Expected message name.",
        ),
        ({"bad.proto": 'syntax = "proto3";\nimport "no.proto";'}, "no.proto: File not found."),
        (
            {
                "bad.proto": """
                    syntax = "proto3";
                    import "restatepb/v1/options.proto";
                    import "top.proto";
                    service W {
                      option (restatepb.v1.workflow) = {};
                      rpc A(stream Top) returns (Top);
                    }
                    """
            },
            "{protos}/bad.proto:4:1: workflow W has no run handler; name one method `Run`, or write"
            " `option (restatepb.v1.handler) = {{ run: true }};` in it\n"
            "{protos}/bad.proto:6:3: A of workflow W streams,",
        ),
    ],
)
def test_a_wrong_contract_writes_nothing(
    files: dict[str, str], message: str, protos: Path, tmp_path: Path
) -> None:
    written(protos, files)
    with pytest.raises(ContractError) as caught:
        generate(protos, tmp_path / "out")
    assert message.format(protos=protos) in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_wrong_arguments_are_refused(protos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ContractError, match="nowhere is not a folder"):
        generate(tmp_path / "nowhere", out)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ContractError, match=r"empty has no \.proto files"):
        generate(tmp_path / "empty", out)
    with pytest.raises(ContractError, match="nowhere is not a folder, so imports"):
        generate(protos, out, include=[tmp_path / "nowhere"])
    with pytest.raises(ContractError, match='messages="nanopb" is not a message library'):
        generate(protos, out, messages="nanopb")
    with pytest.raises(ContractError, match="is not a Python package"):
        generate(protos, out, import_prefix="a/b")
    with pytest.raises(ContractError, match=r'"acme\.class" is not a Python package'):
        generate(protos, out, import_prefix="acme.class")


def test_without_protoc_it_says_how_to_get_it(
    protos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)  # pyright: ignore[reportUnknownArgumentType, reportUnknownLambdaType]
    with pytest.raises(ContractError, match=r"pip install 'restate-proto\[generate\]'"):
        generate(protos, tmp_path / "out")


@pytest.fixture
def app() -> typer.Typer:
    app = typer.Typer()
    app.command()(generate_command)
    return app


def test_the_command_generates(protos: Path, tmp_path: Path, app: typer.Typer) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(app, [str(protos), "--out", str(out)])
    assert result.exit_code == 0
    assert result.stdout == f"7 files below {out}, 1 with Restate services\n"


def test_where_nothing_can_be_written_is_said(
    protos: Path, tmp_path: Path, app: typer.Typer
) -> None:
    out = tmp_path / "out"
    out.write_text("")
    result = CliRunner().invoke(app, [str(protos), "--out", str(out)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {out}/shop")


def test_the_command_takes_every_option(tmp_path: Path, app: typer.Typer) -> None:
    protos = written(
        tmp_path / "a",
        {
            "a.proto": 'syntax = "proto3"; import "top.proto"; service A { rpc B(Top) returns (Top); }'
        },
    )
    more = written(tmp_path / "b", {"top.proto": SHOP["top.proto"]})
    arguments = [
        "--import-prefix",
        "x.y",
        "--all-services",
        "-I",
        str(more),
        "--messages",
        "protobuf",
    ]
    result = CliRunner().invoke(app, [str(protos), "-o", str(tmp_path / "out"), *arguments])
    assert result.exit_code == 0, result.output
    assert "from x.y import top_pb2" in (tmp_path / "out/a_restate.py").read_text()


def test_the_command_shows_protocs_errors_as_they_are(
    protos: Path, tmp_path: Path, app: typer.Typer
) -> None:
    written(protos, {"bad.proto": 'syntax = "proto3";\nmessage {'})
    result = CliRunner().invoke(app, [str(protos), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert result.stderr == f"{protos}/bad.proto:2:9: Expected message name.\n"


TREES = {
    "betterproto": {
        "__init__.py",
        "shop/__init__.py",
        "shop/v1/__init__.py",
        "shop/v1/cart_restate.py",
    },
    "betterproto2": {
        "__init__.py",
        "google/__init__.py",
        "google/protobuf/__init__.py",
        "message_pool.py",
        "shop/__init__.py",
        "shop/v1/__init__.py",
        "shop/v1/cart_restate.py",
    },
}


@pytest.mark.parametrize("messages", TREES)
def test_dataclasses_are_compiled_by_their_own_compiler(
    messages: str, protos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # what the compilers need is found all the same
    generated = generate(protos, tmp_path / "root/gen", messages=messages)
    assert set(tree(tmp_path / "root/gen")) == TREES[messages]
    assert not generated.warnings
    imports(tmp_path / "root", "gen.shop.v1.cart_restate, restate_proto.cli.main")
    text = (tmp_path / "root/gen/shop/__init__.py").read_text()
    assert "class Money" in text
    assert "grpc" not in (tmp_path / "root/gen/shop/v1/__init__.py").read_text()


@pytest.mark.parametrize("messages", TREES)
def test_dataclasses_of_imports_are_in_the_tree_too(messages: str, tmp_path: Path) -> None:
    protos = written(tmp_path / "a", {"shop/v1/cart.proto": SHOP["shop/v1/cart.proto"]})
    more = written(tmp_path / "b", {k: v for k, v in SHOP.items() if "cart" not in k})
    generate(protos, tmp_path / "root/gen", messages=messages, include=[more])
    imports(tmp_path / "root", "gen.shop.v1.cart_restate")


@pytest.mark.parametrize("messages", TREES)
def test_without_the_compiler_it_says_how_to_get_it(
    messages: str, protos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = util.find_spec

    def without_compilers(name: str) -> object:
        return None if name in {"black", "betterproto2_compiler"} else find_spec(name)

    monkeypatch.setattr(util, "find_spec", without_compilers)
    package = rf"pip install '{messages}(\[compiler\]==2|-compiler>=0)\."
    with pytest.raises(ContractError, match=rf"the compiler of {messages} is not .*{package}"):
        generate(protos, tmp_path / "out", messages=messages)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("messages", TREES)
def test_what_the_compiler_refuses_writes_nothing(
    messages: str, protos: Path, tmp_path: Path
) -> None:
    group = 'syntax = "proto2"; message Old { optional group G = 1 { optional int32 a = 1; } }'
    written(protos, {"old.proto": group})
    with pytest.raises(ContractError, match=rf"(?s)the compiler of {messages} failed: .*GROUP"):
        generate(protos, tmp_path / "out", messages=messages)
    assert not (tmp_path / "out").exists()
