"""Renewing and handing over workers under load loses nothing and causes no retry."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.integration.serving_load import run_load

if TYPE_CHECKING:
    from pathlib import Path


def test_hangups_and_handovers_under_load(tmp_path: Path) -> None:
    """`python -m tests.integration.serving_load` does the same for five minutes."""
    outcome = asyncio.run(run_load(tmp_path, lambda it: it.handovers == 2))
    assert outcome.complaints == []
    assert outcome.hangups == 2


def test_what_ran_in_a_worker_that_is_killed_is_retried_and_not_lost(tmp_path: Path) -> None:
    """The log has a line for each retry."""
    outcome = asyncio.run(run_load(tmp_path, lambda it: it.kills == 1, kill=True))
    assert outcome.complaints
