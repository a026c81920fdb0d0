"""Wrong arguments of a virtual server and of `simulate` are errors that say what to write."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from conformance.v1.conformance_restate import AccountBase, ClerkBase
from conformance.v1.queue_pb2 import QueueKey
from conformance.v1.queue_restate import QueueBase, SettingsBase
from restate_proto import Endpoint, StateKey
from restate_proto.testing import simulate
from restate_proto.testing.virtual import VirtualRestate
from tests.integration.scripted_services import Clerk, Scripts
from tests.testing.virtual.stage import Stage, play

if TYPE_CHECKING:
    from collections.abc import Callable

PARCEL = StateKey("parcel", Parcel)


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"version": 4}, ValueError, r"version=4\): must be 5 to 7"),
        ({"version": "5"}, TypeError, r"version='5'\): must be an int"),
        ({"start": 5}, TypeError, r"start=5\): must be a datetime"),
        ({"start": datetime(2030, 1, 1)}, ValueError, "must have a time zone"),  # noqa: DTZ001
        ({"patience": 3}, TypeError, r"patience=3\): must be a timedelta"),
        ({"replay": "often"}, ValueError, "write one of 'never', 'always'"),
    ],
)
def test_options(options: dict[str, Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        VirtualRestate(Endpoint(Clerk(Scripts())), **options)


ASKED: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda env: env.crash_after("3"), TypeError, r"entries='3'\): must be an int"),
    (lambda env: env.crash_after(0), ValueError, r"entries=0\): must be 1 to"),
    (lambda env: env.fail_run(7), TypeError, r"name=7\): must be a str"),
    (lambda env: env.fail_run("a", times=-1), ValueError, r"times=-1\): must be 0 to"),
    (lambda env: env.state(7, "a", PARCEL), TypeError, "service=7.*a generated base, such as"),
    (lambda env: env.state(ClerkBase, "a", PARCEL), ValueError, "Clerk is a plain service, wh"),
    (lambda env: env.state(AccountBase, "a", "parcel"), TypeError, "must be a StateKey"),
    (lambda env: env.state(AccountBase, 7, PARCEL), TypeError, r"key=7\): must be a str"),
    (lambda env: env.state(QueueBase, "a", PARCEL), ValueError, "does not have the form"),
    (lambda env: env.state(QueueBase, Parcel(), PARCEL), TypeError, "must be a QueueKey"),
    (lambda env: env.set_state(SettingsBase, "a", PARCEL, None), ValueError, "is not 'main'"),
]


@pytest.mark.parametrize(("asks", "error", "text"), ASKED)
def test_questions_and_faults(
    asks: Callable[[Any], Any], error: type[Exception], text: str
) -> None:
    async def scenario(stage: Stage) -> None:
        with pytest.raises(error, match=text):
            await asks(stage.env)

    play(scenario)


def test_state_of_typed_and_fixed_keys() -> None:
    async def scenario(stage: Stage) -> None:
        key, parcel = QueueKey(team="shop", branch="main"), Parcel(text="x")
        await stage.env.set_state(QueueBase, key, PARCEL, parcel)
        assert await stage.env.state(QueueBase, key, PARCEL) == parcel
        assert await stage.env.state(QueueBase, QueueBase.KEY.format(key), PARCEL) == parcel
        await stage.env.set_state(SettingsBase, "main", PARCEL, parcel)
        assert await stage.env.state(SettingsBase, "main", PARCEL) == parcel

    play(scenario, start=datetime(2030, 1, 1, tzinfo=UTC), patience=timedelta(0))


@pytest.mark.parametrize(
    ("scenario", "seeds", "error", "text"),
    [
        (7, 1, TypeError, r"scenario=7\): must be a coroutine function"),
        (print, 0, ValueError, r"seeds=0\): must be 1 to"),
        (print, "17", TypeError, r"seeds='17'\): must be how many, or which: seeds=\[17\]"),
        (print, None, TypeError, "seeds=None"),
    ],
)
def test_simulations(scenario: Any, seeds: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        simulate(Endpoint(Clerk(Scripts())), scenario, seeds=seeds)


def test_a_simulation_in_a_coroutine() -> None:
    async def nothing(env: object) -> None: ...

    async def main() -> None:
        with pytest.raises(RuntimeError, match="call it in an ordinary function"):
            simulate(Endpoint(Clerk(Scripts())), nothing)

    asyncio.run(main())
