"""Rows of the SQL API that lack a column, or have something else in it than was expected."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from restate_proto import InvalidResponseError
from restate_proto.cli.main import app
from restate_proto.ingress.admin import AdminClient
from restate_proto.ingress.introspection.invocations import InvocationFilter, find_invocations
from restate_proto.ingress.rows import Row, UnexpectedRowError
from tests.ingress.fake_admin import fake_admin

if TYPE_CHECKING:
    from collections.abc import Mapping

SQL = "SELECT id FROM sys_invocation"
ID = "inv_1jJOFEtKQPi13WEI5M6Y1FSPyEBoOI6i1g"
INVOCATION = {
    "id": "inv_1",
    "target": "shop.v1.Cart/alice/Add",
    "target_service_name": "shop.v1.Cart",
    "target_handler_name": "Add",
    "status": "running",
    "asked_at": "2026-11-29T12:00:00.650Z",
    "created_at": "2026-11-29T12:00:00.650Z",
}


def answer(row: Mapping[str, Any]) -> bytes:
    return json.dumps({"rows": [row]}).encode()


def test_a_row_is_a_dictionary() -> None:
    row = Row({"id": "inv_1", "found": "3"}, SQL)
    assert row == {"id": "inv_1", "found": "3"}
    assert (row["id"], row.get("target"), row.read("found", int)) == ("inv_1", None, 3)
    assert row.read_if_any("target", int) is None


def test_a_missing_column_is_named_with_the_query() -> None:
    with pytest.raises(
        InvalidResponseError, match=r"no value in the column 'target'.*FROM sys_inv"
    ):
        Row({"id": "inv_1"}, SQL)["target"]


def test_a_value_that_cannot_be_read_is_named_with_its_column() -> None:
    with pytest.raises(UnexpectedRowError, match="has 'many' in the column 'found'"):
        Row({"found": "many"}, SQL).read("found", int)


@pytest.mark.parametrize("missing", ["id", "target", "target_service_name", "status", "asked_at"])
def test_an_invocation_that_lacks_a_column(missing: str) -> None:
    row = {name: value for name, value in INVOCATION.items() if name != missing}
    with (
        fake_admin(200, answer(row)) as (url, _),
        pytest.raises(UnexpectedRowError, match=f"'{missing}'"),
    ):
        find_invocations(AdminClient(url), InvocationFilter())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("created_at", "yesterday"),
        ("retry_count", "many"),
        ("suspended_waiting_future_json", "{"),
    ],
)
def test_an_invocation_with_something_else_in_a_column(column: str, value: str) -> None:
    with (
        fake_admin(200, answer({**INVOCATION, column: value})) as (url, _),
        pytest.raises(UnexpectedRowError, match=f"'{column}'"),
    ):
        find_invocations(AdminClient(url), InvocationFilter())


@pytest.mark.parametrize(
    ("command", "column"),
    [
        (["invocations", "list"], "target"),
        (["invocations", "describe", ID], "target"),
        (["state", "get", "shop.v1.Cart", "alice"], "key"),
    ],
)
def test_commands_say_which_column_is_missing(command: list[str], column: str) -> None:
    with fake_admin(200, answer({"id": "inv_1", "status": "running"})) as (url, _):
        result = CliRunner().invoke(app, [*command, "--admin-url", url])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    text = " ".join(result.stderr.split())
    assert f"the server at {url}: a row that Restate answered has no value" in text
    assert f"'{column}'" in text
    assert "tested with Restate 1.7" in text
