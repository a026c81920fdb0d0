"""What Restate accepts as a scope and as a limit key."""

from __future__ import annotations

import pytest

from restate_proto.model.scope import check_scope


@pytest.mark.parametrize("scope", ["a", "tenant_1.A-b", "x" * 36])
@pytest.mark.parametrize("limit_key", [None, "a", "a.b/c-d", f"{'x' * 36}/{'y' * 36}"])
def test_what_it_takes(scope: str, limit_key: str | None) -> None:
    check_scope("call", scope, limit_key)


@pytest.mark.parametrize("scope", ["", "a/b", "größe", "a b", "x" * 37, "a\n"])
def test_what_is_no_scope(scope: str) -> None:
    with pytest.raises(ValueError, match=r"^call: scope=.*: must be 1 to 36 characters of a-z"):
        check_scope("call", scope)


@pytest.mark.parametrize("limit_key", ["", "/", "a/", "/b", "a//b", "a/b/c", "a b", "x" * 37])
def test_what_is_no_limit_key(limit_key: str) -> None:
    with pytest.raises(ValueError, match=r"^call: limit_key=.*: must be one or two parts"):
        check_scope("call", "s", limit_key)


def test_a_limit_key_needs_a_scope() -> None:
    with pytest.raises(ValueError, match=r"^call: a limit key needs a scope$"):
        check_scope("call", None, "a")
