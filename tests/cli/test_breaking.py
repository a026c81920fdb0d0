"""`restate-proto breaking`: its inputs, its output and its exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.cli.protoc import ProtoFolder
from restate_proto.evolution import RULES, Severity
from tests.cli.breaking_contracts import CART, MONEY, breaking, write

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).parents[2]

BROKEN = CART.replace("shop.v1.Items", "shop.v1.Other").replace(
    "  rpc Drop(Items) returns (Items);\n", ""
)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`old` and `new` in the current folder, and two breaks between them."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "old")
    write(tmp_path / "new", BROKEN)


@pytest.mark.usefixtures("folders")
def test_each_break_is_a_line_that_editors_find_with_why_and_the_safe_way() -> None:
    result = breaking("new", "--against", "old")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0] == (
        "new/shop/v1/cart.proto:5:1: breaking: object shop.v1.Cart: handler Drop is gone "
        "[HANDLER_REMOVED]"
    )
    assert lines[1].startswith("    why: Invocations that are delayed")
    assert lines[2].startswith("    safe way: keep it, with `option deprecated = true`, until")
    assert "target_service_name = 'shop.v1.Cart' AND target_handler_name = 'Drop'" in lines[2]
    assert lines[3] == "    before: old/shop/v1/cart.proto:8:3"
    assert lines[4].startswith("new/shop/v1/cart.proto:6:3: breaking: object shop.v1.Cart: state ")
    assert lines[4].endswith("[STATE_TYPE_CHANGED]")
    assert result.stderr == "2 breaking changes (against old)\n"


@pytest.mark.usefixtures("folders")
def test_nothing_that_breaks() -> None:
    result = breaking("old", "--against", "old")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "nothing breaks (against old)\n"


@pytest.mark.usefixtures("folders")
def test_warnings_do_not_fail() -> None:
    write(
        Path("new"),
        CART.replace('"shop.v1.Items"', '"shop.v1.Same"')
        + "message Same { repeated string ids = 1; }",
    )
    result = breaking("new", "--against", "old")
    assert result.exit_code == 0
    assert "warning: object shop.v1.Cart: state" in result.stdout
    assert result.stderr == "1 warning (against old)\n"


@pytest.mark.usefixtures("folders")
def test_the_json_document() -> None:
    result = breaking("new", "--against", "old", "--format", "json")
    assert result.exit_code == 1
    document: dict[str, Any] = json.loads(result.stdout)
    findings = document.pop("findings")
    assert document == {"against": "old", "breaking": 2, "warnings": 0, "ignored": 0}
    handler, state = findings
    assert handler == {
        "rule": "HANDLER_REMOVED",
        "severity": "breaking",
        "file": "new/shop/v1/cart.proto",
        "line": 5,
        "column": 1,
        "service": "shop.v1.Cart",
        "handler": "Drop",
        "message": "object shop.v1.Cart: handler Drop is gone",
        "why": handler["why"],
        "safe_way": handler["safe_way"],
        "before": {"file": "old/shop/v1/cart.proto", "line": 8, "column": 3},
    }
    assert state["handler"] is None


@pytest.mark.usefixtures("folders")
def test_what_is_in_no_file_any_more() -> None:
    Path("new/shop/v1/cart.proto").unlink()
    write(Path("new"), MONEY, "money.proto")
    text = breaking("new", "--against", "old").stdout
    assert text.startswith(
        "old/shop/v1/cart.proto:5:1: breaking: object shop.v1.Cart: it is gone ["
    )
    assert "before:" not in text
    document = json.loads(breaking("new", "--against", "old", "--format", "json").stdout)
    (finding,) = document["findings"]
    assert (finding["file"], finding["line"], finding["column"]) == (None, None, None)
    assert finding["before"]["line"] == 5
    github = breaking("new", "--against", "old", "--format", "github").stdout
    assert github.startswith("::error title=SERVICE_REMOVED::object shop.v1.Cart: it is gone%0A%0A")


@pytest.mark.usefixtures("folders")
def test_annotations_of_github() -> None:
    result = breaking("new", "--against", "old", "--format", "github")
    assert result.exit_code == 1
    one, two = result.stdout.splitlines()
    assert one.startswith(
        "::error title=HANDLER_REMOVED,file=new/shop/v1/cart.proto,line=5,col=1::object shop.v1.Cart"
    )
    assert "%0A%0ASafe way: keep it" in one
    assert two.startswith("::error title=STATE_TYPE_CHANGED,")


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize(
    ("ignored", "left"),
    [
        (["HANDLER_REMOVED"], ["STATE_TYPE_CHANGED"]),
        (["HANDLER_REMOVED:shop.v1.Cart"], ["STATE_TYPE_CHANGED"]),
        (["HANDLER_REMOVED:shop.v1.Cart/Drop"], ["STATE_TYPE_CHANGED"]),
        (["HANDLER_REMOVED", "STATE_TYPE_CHANGED"], []),
    ],
)
def test_a_break_can_be_accepted(ignored: list[str], left: list[str]) -> None:
    options = [option for each in ignored for option in ("--ignore", each)]
    result = breaking("new", "--against", "old", *options)
    assert re.findall(r"\[(\w+)\]$", result.stdout, re.MULTILINE) == left
    assert result.exit_code == bool(left)
    assert f"{2 - len(left)} ignored" in result.stderr
    assert "note:" not in result.stderr


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize(
    "scope", ["HANDLER_REMOVED:shop.v1.Cart/Add", "HANDLER_REMOVED:Cart", "SIGNAL_REMOVED"]
)
def test_what_accepts_nothing_is_said(scope: str) -> None:
    result = breaking("new", "--against", "old", "--ignore", scope)
    assert result.exit_code == 1
    assert f"note: --ignore {scope} accepts nothing; remove it\n" in result.stderr


@pytest.mark.usefixtures("folders")
def test_a_rule_that_there_is_not() -> None:
    result = breaking("new", "--against", "old", "--ignore", "state_remove:shop.v1.Cart")
    assert result.exit_code == 2
    assert "there is no rule state_remove; did you mean STATE_REMOVED?" in result.stderr
    assert (
        "rules are SERVICE_REMOVED, "
        in breaking("new", "--against", "old", "--ignore", "42").stderr
    )


def image(folder: Path, *imports: str) -> bytes:
    """A descriptor set; of buf, where `imports` says which files are of other modules."""
    temporary = folder.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    descriptors, _ = ProtoFolder(folder).compile(temporary)
    marked = FileDescriptorSet()
    for file in descriptors.file:
        is_import = b"\x08\x01" if file.name in imports else b"\x08\x00"
        extension = b"\xd2\xf6\x03" + bytes([len(is_import)]) + is_import  # field 8042
        marked.file.add().MergeFromString(file.SerializeToString() + extension)
    return marked.SerializeToString()


@pytest.mark.usefixtures("folders")
def test_descriptor_sets_on_either_side() -> None:
    Path("old.binpb").write_bytes(image(Path("old")))
    Path("new.binpb").write_bytes(image(Path("new")))
    result = breaking("new.binpb", "--against", "old.binpb")
    assert result.exit_code == 1
    assert result.stdout.startswith("shop/v1/cart.proto:5:1: breaking: ")
    assert "before: old.binpb:shop/v1/cart.proto:8:3\n" in result.stdout
    assert breaking("old", "--against", "old.binpb").exit_code == 0


@pytest.mark.usefixtures("folders")
def test_what_an_image_of_buf_imports_is_not_the_contract() -> None:
    write(Path("old"), MONEY, "money.proto")
    Path("old.binpb").write_bytes(image(Path("old"), "shop/v1/cart.proto"))
    Path("new/shop/v1/cart.proto").unlink()
    write(Path("new"), MONEY, "money.proto")
    assert breaking("new", "--against", "old.binpb").exit_code == 0


@pytest.mark.usefixtures("folders")
def test_a_contract_of_the_past_may_break_rules_and_one_of_today_may_not() -> None:
    broken = (
        CART
        + "service Flow { option (restatepb.v1.workflow) = {}; rpc Do(Items) returns (Items); }\n"
    )
    write(Path("old"), broken)
    result = breaking("new", "--against", "old")
    assert result.exit_code == 1
    assert "note: the contract that runs now breaks rules of this version; " in result.stderr
    assert "old/shop/v1/cart.proto:12:1: workflow shop.v1.Flow has no run handler" in result.stderr
    assert "workflow shop.v1.Flow: it is gone" in result.stdout

    result = breaking("old", "--against", "new")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("old/shop/v1/cart.proto:12:1: workflow shop.v1.Flow has no run")


@pytest.mark.usefixtures("folders")
def test_imports_come_from_more_folders_and_are_where_they_lie() -> None:
    write(Path("common/proto"), MONEY, "common/v1/money.proto")
    uses = CART.replace("repeated string ids = 1;", "common.v1.Money price = 1;").replace(
        "import", 'import "common/v1/money.proto";\nimport', 1
    )
    write(Path("old"), uses)
    write(Path("new"), uses)
    assert breaking("new", "--against", "old").exit_code == 2  # protoc: not found
    assert breaking("new", "--against", "old", "-I", "common/proto").exit_code == 0
    write(Path("other/proto"), MONEY.replace("int64", "string"), "common/v1/money.proto")
    Path("new.binpb").write_bytes(image_of(Path("new"), Path("other/proto")))
    result = breaking("new.binpb", "--against", "old", "-I", "common/proto")
    assert 'field 1 "cents" of common.v1.Money was int64 and is string' in result.stdout
    assert "before: common/proto/common/v1/money.proto:3:17\n" in result.stdout


def image_of(folder: Path, include: Path) -> bytes:
    temporary = folder.parent / "temporary"
    temporary.mkdir(exist_ok=True)
    return ProtoFolder(folder, include=[include]).compile(temporary)[0].SerializeToString()


@pytest.mark.usefixtures("folders")
def test_services_without_an_option() -> None:
    plain = CART.replace("option (restatepb", "// option (restatepb")
    write(Path("old"), plain)
    write(Path("new"), plain.replace("rpc Drop", "rpc Fall"))
    assert breaking("new", "--against", "old").exit_code == 0
    result = breaking("new", "--against", "old", "--all-services")
    assert "[HANDLER_" in result.stdout


@pytest.mark.usefixtures("folders")
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["new"], "--against"),
        (["new", "--against", ""], "--against is empty; write a git revision, a folder or a file"),
        (["nowhere", "--against", "old"], "nowhere is not a folder"),
        (["new", "--against", "new/shop/v1/cart.proto"], "is not a descriptor set"),
        (["new", "--against", "old", "--format", "xml"], "xml"),
    ],
)
def test_misuse(arguments: list[str], says: str) -> None:
    result = breaking(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr


def test_the_docs_have_the_rules() -> None:
    page = (ROOT / "docs" / "evolution.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+) \| (\w+) \|$", page, re.MULTILINE)
    assert rows == [(rule.id, rule.what, rule.severity.value) for rule in RULES.values()]
    assert {row[2] for row in rows} == {each.value for each in Severity}


@pytest.mark.usefixtures("folders")
def test_the_docs_show_the_document_as_it_is() -> None:
    page = (ROOT / "docs" / "evolution.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    shown = json.loads(block)
    document = json.loads(breaking("new", "--against", "old", "--format", "json").stdout)
    assert list(shown) == list(document)
    assert list(shown["findings"][0]) == list(document["findings"][0])
    assert list(shown["findings"][0]["before"]) == list(document["findings"][0]["before"])
