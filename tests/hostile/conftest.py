"""The endpoint under attack: one process for each engine, for all attacks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.hostile.process import EndpointProcess
from tests.http2.support import ENGINES

if TYPE_CHECKING:
    from collections.abc import Generator


HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the attacks, which take minutes, to `make hostile`."""
    if "HOSTILE" in os.environ:
        return
    attacks = [item for item in items if HERE in item.path.parents]
    items[:] = [item for item in items if HERE not in item.path.parents]
    config.hook.pytest_deselected(items=attacks)


@pytest.fixture(scope="session", params=ENGINES)
def endpoint(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[EndpointProcess]:
    log = tmp_path_factory.mktemp("hostile") / f"{request.param}.log"
    with EndpointProcess(request.param, log) as process:
        yield process
