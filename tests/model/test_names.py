"""Which names Restate accepts: one rule for contracts and for manifests."""

from __future__ import annotations

import pytest

from restate_proto.model.names import handler_name_problem, service_name_problem


@pytest.mark.parametrize("name", ["a", "shop.v1.Cart", "_a", "_0-x", "A_b-c.d", "openapis", "rest"])
def test_service_names_that_restate_takes(name: str) -> None:
    assert service_name_problem(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "_",
        "_.a",
        "0a",
        ".a",
        "-a",
        "a/b",
        "a b",
        "é",
        "a\n",
        "restate",
        "RESTATEx.y",
        "OpenApi",
    ],
)
def test_service_names_that_restate_refuses(name: str) -> None:
    assert service_name_problem(name)


@pytest.mark.parametrize("name", ["a", "_a", "_0", "AddTicket", "a_b", "restate", "openapi"])
def test_handler_names_that_restate_takes(name: str) -> None:
    assert handler_name_problem(name) is None


@pytest.mark.parametrize("name", ["", "_", "__a", "0a", "a.b", "a-b", "a\n"])
def test_handler_names_that_restate_refuses(name: str) -> None:
    assert handler_name_problem(name)
