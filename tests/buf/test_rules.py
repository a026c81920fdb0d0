"""`buf lint`, `buf format` and `buf breaking`: what they report on a Restate contract."""

from __future__ import annotations

import json
import re
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.buf.project import GIT, ROOT, Project

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs" / "buf.md").read_text("utf-8")

needs_git = pytest.mark.skipif(GIT is None, reason="git is not installed here")

CONTRACT = """
    syntax = "proto3";

    package shop.v1;

    import "google/protobuf/empty.proto";
    import "restatepb/v1/options.proto";
    import "shop/v1/state.proto";

    service Cart {
      option (restatepb.v1.object) = {
        state: {
          name: "tickets"
          type: "shop.v1.Tickets"
        }
      };

      rpc Add(Ticket) returns (google.protobuf.Empty);

      rpc Remove(Ticket) returns (google.protobuf.Empty);
    }

    message Ticket {
      string id = 1;
    }
    """
STATE = """
    syntax = "proto3";

    package shop.v1;

    message Tickets {
      repeated string id = 1;
    }
    """
PLAIN = """
    version: v2
    modules:
      - path: proto
      - path: third_party
    """


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    shop = Project(tmp_path)
    shop.write(
        {
            "buf.yaml": PLAIN,
            "proto/shop/v1/cart.proto": CONTRACT,
            "proto/shop/v1/state.proto": STATE,
        }
    )
    shop.export_options()
    return shop


def change(project: Project, name: str, before: str, after: str) -> None:
    path = project.directory / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def broken_rules(project: Project, *arguments: str) -> set[str]:
    """The lint rules that the project breaks."""
    done = project.call("buf", "lint", "--error-format", "json", *arguments)
    assert done.returncode in {0, 100}, done.stderr
    return {json.loads(line)["type"] for line in done.stdout.splitlines()}


def page_config() -> str:
    """The first buf.yaml of the page."""
    found = re.search(r"^```yaml\n(# buf\.yaml\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_the_page_names_the_rules_that_a_restate_contract_breaks(shop: Project) -> None:
    table = PAGE[PAGE.index("| rule |") : PAGE.index("## Breaking changes")]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert broken_rules(shop) == named


def test_the_configuration_of_the_page_leaves_what_the_table_says(shop: Project) -> None:
    shop.write({"buf.yaml": page_config()})
    assert broken_rules(shop) == {
        "IMPORT_USED",
        "RPC_REQUEST_RESPONSE_UNIQUE",
        "RPC_REQUEST_STANDARD_NAME",
    }
    contract = "proto/shop/v1/cart.proto"
    change(shop, contract, "rpc Add(Ticket)", "rpc Add(AddRequest)")
    change(shop, contract, "rpc Remove(Ticket)", "rpc Remove(stream RemoveRequest)")
    change(shop, contract, "message Ticket {", "message AddRequest {}\nmessage RemoveRequest {")
    assert broken_rules(shop) == {"IMPORT_USED", "RPC_NO_CLIENT_STREAMING"}


def test_an_import_for_a_string_can_be_excused_where_it_is(shop: Project) -> None:
    (excuse,) = re.findall(r"^// buf:lint:ignore IMPORT_USED$", PAGE, re.MULTILINE)
    line = 'import "shop/v1/state.proto";'
    change(shop, "proto/shop/v1/cart.proto", line, f"{excuse}\n{line}")
    assert "IMPORT_USED" not in broken_rules(shop)
    shop.run("buf", "format", "--write")
    assert f"{excuse}\n{line}" in (shop.directory / "proto/shop/v1/cart.proto").read_text()


def test_the_options_break_no_rule(shop: Project) -> None:
    rules = "lint:\n  use: [STANDARD, COMMENTS, UNARY_RPC]\n"
    shop.write({"buf.yaml": dedent(PLAIN) + rules})
    assert not broken_rules(shop, "third_party")
    shop.run("buf", "format", "third_party", "--diff", "--exit-code")


@needs_git
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("v1.object", "v1.workflow"),
        ('name: "tickets"', 'name: "bought"'),
        ('type: "shop.v1.Tickets"', 'type: "shop.v1.Ticket"'),
        ("id = 1;", "id = 1 [(restatepb.v1.key) = true];"),
    ],
)
def test_breaking_does_not_look_into_options(shop: Project, before: str, after: str) -> None:
    shop.commit()
    change(shop, "proto/shop/v1/cart.proto", before, after)
    shop.run("buf", "breaking", "--against", ".git#branch=main")


@needs_git
@pytest.mark.parametrize(
    ("category", "is_found"),
    [("FILE", True), ("PACKAGE", True), ("WIRE_JSON", False), ("WIRE", False)],
)
def test_a_removed_handler_is_found_by_two_categories(
    shop: Project, category: str, *, is_found: bool
) -> None:
    shop.write({"buf.yaml": f"{dedent(PLAIN)}breaking:\n  use: [{category}]\n"})
    shop.commit()
    line = "  rpc Remove(Ticket) returns (google.protobuf.Empty);\n"
    change(shop, "proto/shop/v1/cart.proto", line, "")
    done = shop.call("buf", "breaking", "--against", ".git#branch=main")
    assert done.returncode == (100 if is_found else 0)
    assert ('RPC "Remove"' in done.stdout) is is_found
