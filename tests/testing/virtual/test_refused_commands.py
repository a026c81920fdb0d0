"""Commands that cannot be carried out fail the attempt, in restate-server's own words."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.integration.refused_commands import REFUSED
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from tests.integration.scripted_services import Body


@pytest.mark.parametrize(("body", "reason"), REFUSED)
def test_commands(body: Body, reason: str) -> None:
    async def scenario(stage: Stage) -> None:
        handle = await stage.clerk.send().perform(stage.script(body))
        await stage.env.advance(timedelta(0))
        described = stage.env.describe(handle)
        assert described["status"] == "backing-off", (
            "it is retried: the callee may be deployed later"
        )
        assert described["last_failure"] == f"[500] {reason}"

    play(scenario)
