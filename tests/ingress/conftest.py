"""The fixture of tests that run scenarios on a real server."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.ingress.services import OnServer, Scenario, Services


@pytest.fixture
def on_server(restate_environment: Any) -> OnServer:
    """Run a scenario with an endpoint on the session's server."""

    def run(scenario: Scenario) -> None:
        async def main() -> None:
            services = Services()
            # Handlers hand out what they make, each time that they run.
            async with restate_environment(services.endpoint(), replay_check=False) as env:
                await scenario(env, services)

        asyncio.run(main())

    return run
