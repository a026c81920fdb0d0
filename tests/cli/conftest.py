"""Undo what commands leave behind when they run in the tests' own process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from restate_proto.model import error_types

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def error_classes() -> Iterator[None]:
    """Restore the error classes that a command has replaced by those of the contract it read."""
    classes = error_types._classes  # pyright: ignore[reportPrivateUsage]
    before = dict(classes)
    yield
    classes.update(before)
