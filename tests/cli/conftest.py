"""Undo what commands leave behind when they run in the tests' own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.model import error_types

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def error_classes() -> Iterator[None]:
    """A command that reads a contract has error classes of its own, which would be received here."""
    classes = error_types._classes  # pyright: ignore[reportPrivateUsage]
    before = dict(classes)
    yield
    classes.update(before)
