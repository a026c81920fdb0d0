"""The fixture of tests that write pages of small contracts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.reference.reading import Written

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path)
