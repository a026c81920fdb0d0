"""The plugin as buf runs it, in `buf lint` and `buf breaking` of contracts on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from restate_proto.buf_check.rules import ALL_RULES, CATEGORIES, RuleType
from tests.buf.project import BUF

BIN = Path(sys.executable).parent

needs_buf = pytest.mark.skipif(
    BUF is None, reason="buf is not installed here: with the oldest dependencies"
)
CONFIG = """\
version: v2
modules:
  - path: proto
  - path: third_party
lint:
  use: [{lint}]
  ignore: [third_party]
breaking:
  use: [{breaking}]
plugins:
  - plugin: restate-proto-buf
{options}"""
HEAD = """\
syntax = "proto3";

package shop.v1;

import "restatepb/v1/options.proto";

"""
CART = (
    HEAD
    + """\
service Cart {
  option (restatepb.v1.object) = {
    state: {
      name: "tickets"
      type: "shop.v1.M"
    }
  };

  rpc Add(M) returns (M);
}

message M {
  string id = 1;
}
"""
)


class Clone:
    """A folder with a contract, and buf."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        export = [BIN / "restate-proto", "export", folder / "third_party"]
        subprocess.run(export, check=True, capture_output=True)

    def write(
        self,
        contract: str,
        lint: str = "RESTATE",
        breaking: str = "RESTATE_BREAKING",
        options: str = "",
    ) -> None:
        config = CONFIG.format(lint=lint, breaking=breaking, options=options)
        (self.folder / "buf.yaml").write_text(config)
        path = self.folder / "proto/shop/v1/cart.proto"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contract)

    def buf(self, *words: str) -> list[dict[str, Any]]:
        """Return buf's findings."""
        done = subprocess.run(
            ["buf", *words, "--error-format", "json"],
            cwd=self.folder,
            env=os.environ | {"PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in {0, 100}, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def build(self) -> None:
        done = subprocess.run(
            [BIN / "buf", "build", "-o", "old.binpb"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@needs_buf
def test_a_contract_that_is_right(clone: Clone) -> None:
    clone.write(CART)
    assert clone.buf("lint") == []


@needs_buf
def test_lint_says_what_the_generators_say(clone: Clone) -> None:
    clone.write(
        CART.replace('type: "shop.v1.M"', 'type: "shop.v1.N"').replace("Add(M)", "Add(stream M)")
    )
    found = clone.buf("lint")
    assert [(each["type"], each["path"], each["start_line"]) for each in found] == [
        ("RESTATE_CONTRACT", "proto/shop/v1/cart.proto", 9),
        ("RESTATE_CONTRACT", "proto/shop/v1/cart.proto", 15),
    ]
    assert 'state "tickets"' in found[0]["message"]
    assert "stream" in found[1]["message"]


@needs_buf
def test_a_language_is_asked_for_by_its_rule(clone: Clone) -> None:
    contract = CART.replace("message M {", "message CartBase {}\n\nmessage M {")
    contract = contract.replace("import", "option java_multiple_files = true;\n\nimport")
    clone.write(contract, lint="RESTATE_CONTRACT, RESTATE_PYTHON")
    assert clone.buf("lint") == []
    clone.write(contract, lint="RESTATE_CONTRACT, RESTATE_JAVA")
    [found] = clone.buf("lint")
    assert found["type"] == "RESTATE_JAVA"
    assert "CartBase" in found["message"]


@needs_buf
def test_go_needs_no_package_before_managed_mode_gives_one(clone: Clone) -> None:
    clone.write(CART, lint="RESTATE_GO")
    assert clone.buf("lint") == []
    clone.write(
        CART.replace("message M {", "message CartClient {}\n\nmessage M {"), lint="RESTATE_GO"
    )
    [found] = clone.buf("lint")
    assert found["type"] == "RESTATE_GO"
    assert "CartClient" in found["message"]


@needs_buf
def test_a_finding_can_be_ignored_as_buf_has_it(clone: Clone) -> None:
    wrong = CART.replace(
        "  rpc Add(M)", "  // buf:lint:ignore RESTATE_CONTRACT\n  rpc Add(stream M)"
    )
    clone.write(wrong)
    assert clone.buf("lint") == []


@needs_buf
def test_breaking_says_what_the_command_says(clone: Clone) -> None:
    clone.write(CART)
    clone.build()
    clone.write(CART.replace('name: "tickets"', 'name: "items"').replace("Add(M)", "Put(M)"))
    found = clone.buf("breaking", "--against", "old.binpb")
    assert {each["type"] for each in found} == {"RESTATE_STATE_RENAMED", "RESTATE_HANDLER_RENAMED"}
    by_type = {each["type"]: each for each in found}
    assert by_type["RESTATE_HANDLER_RENAMED"]["start_line"] == 15
    assert "Instead, keep the Restate name" in by_type["RESTATE_HANDLER_RENAMED"]["message"]


@needs_buf
def test_what_may_break_is_asked_for(clone: Clone) -> None:
    old = CART.replace("string id", "int32 id")
    clone.write(old)
    clone.build()
    clone.write(CART.replace("string id", "int64 id"))
    assert clone.buf("breaking", "--against", "old.binpb") == []
    clone.write(CART.replace("string id", "int64 id"), breaking="RESTATE_WARNING")
    found = clone.buf("breaking", "--against", "old.binpb")
    assert {each["type"] for each in found} == {"RESTATE_FIELD_WIDENED"}


@needs_buf
def test_services_without_an_option_count_where_that_is_asked_for(clone: Clone) -> None:
    plain = HEAD.replace('import "restatepb/v1/options.proto";\n\n', "")
    contract = plain + "service Cart {\n  rpc Add(stream M) returns (M);\n}\n\nmessage M {}\n"
    clone.write(contract)
    assert clone.buf("lint") == []
    clone.write(contract, options="    options:\n      all_services: true\n")
    assert [each["type"] for each in clone.buf("lint")] == ["RESTATE_CONTRACT"]


def test_the_rules_are_as_buf_wants_them() -> None:
    assert len({rule.id for rule in ALL_RULES}) == len(ALL_RULES)
    for rule in ALL_RULES:
        assert rule.purpose[0].isupper()
        assert rule.purpose.endswith(".")
        assert len(rule.purpose) <= 256
        assert rule.category in CATEGORIES
    assert {rule.type for rule in ALL_RULES} == set(RuleType)
