"""`simulate`: play a scenario many times, each with other crashes, failures, delays and orders."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, Literal

from typing_extensions import override

from restate_proto.endpoint.endpoint import Endpoint
from restate_proto.errors import RestateError
from restate_proto.logs import get_logger
from restate_proto.model.arguments import check_number, wrong_type
from restate_proto.runtime.threads import AwaitedThreads
from restate_proto.testing.virtual import InjectedError, VirtualRestate
from restate_proto.testing.virtual.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator

    from restate_proto.model.intercepted import RunCall
    from restate_proto.runtime.threads import ThreadPool
    from restate_proto.testing.virtual.invocation import Invocation

__all__ = ["SimulatedRestate", "Simulation", "SimulationError", "simulate"]

_START: Final = datetime(2030, 1, 1, tzinfo=UTC)
_MOST_FAILURES: Final = 2
"""How often a run of one invocation fails, or its result is lost, at most."""

_LONGEST_DELAY: Final = 5_000
"""The longest delay of a run, in milliseconds."""

_STRAIGHT: Final = 4
"""One of so many seeds has no crashes, because crashes could hide what else goes wrong."""


class SimulationError(RestateError):
    """A scenario failed with a seed; the message says which seed, where, and what the journals had.

    The `__cause__` is the error of the scenario.

    Attributes:
        seed: the seed.
    """

    def __init__(self, message: str, seed: int) -> None:
        super().__init__(message)
        self.seed = seed


@dataclass(slots=True)
class Simulation:
    """The summary of a simulation.

    Args:
        seeds: the number of courses.
        invocations: the number of invocations in all of them.
        crashes: the number of attempts that were cut off.
        failed_runs: the number of run functions that were made to fail.
        delayed_runs: the number of run functions that had to wait.
    """

    seeds: int = 0
    invocations: int = 0
    crashes: int = 0
    failed_runs: int = 0
    delayed_runs: int = 0

    def __str__(self) -> str:
        return (
            f"{self.seeds:,} courses with {self.invocations:,} invocations, {self.crashes:,} attempts "
            f"cut off, {self.failed_runs:,} runs failed and {self.delayed_runs:,} delayed"
        )


def simulate(
    endpoint: Endpoint | Callable[[], Endpoint],
    scenario: Callable[[SimulatedRestate], Awaitable[object]],
    *,
    seeds: int | Iterable[int] = 1000,
) -> Simulation:
    """Play a scenario in many courses, one for each seed, and check that it holds in all of them.

    ```python
    async def scenario(env: SimulatedRestate) -> None:
        carts = [CartClient.from_client(env.client, name) for name in ("ada", "bea")]
        added = await asyncio.gather(*(cart.add_ticket(A1) for cart in carts), return_exceptions=True)
        assert sum(isinstance(each, AddTicketResponse) for each in added) == 1  # sold once


    simulate(lambda: Endpoint(Cart(), Ticket()), scenario)
    ```

    In each course, attempts are cut off after each entry of their journals, so that each prefix of
    each journal is replayed (one course in four has no such crashes). Functions of runs are
    delayed, fail, or are called again because their result was lost. State is sent completely, in
    part or not at all; the versions of the service protocol change; and what Restate leaves
    unordered comes in any order. All of this depends on the seed only.

    So an effect in `ctx.run` may happen more than once, as in production, and the scenario shows
    whether that does harm.

    Args:
        endpoint: the endpoint; or, if services keep something in memory, a function that makes one
            for each course.
        scenario: the test; it awaits and asserts on a server of its own.
        seeds: the number of courses, or their seeds: `seeds=[17]` plays a course that failed again.

    Returns:
        The summary of what was played.

    Raises:
        SimulationError: the scenario failed.
        TypeError: an argument is of a wrong type.
        ValueError: the number of seeds is less than 1.
        RuntimeError: it is called in a coroutine.
    """
    if not (isinstance(endpoint, Endpoint) or callable(endpoint)):
        expected = "an Endpoint, or a function that makes one"
        raise wrong_type("simulate", "endpoint", endpoint, expected)
    if not callable(scenario):  # pyright: ignore[reportUnnecessaryComparison]
        raise wrong_type("simulate", "scenario", scenario, "a coroutine function")
    drawn = _seeds_of(seeds)
    _refuse_coroutines()
    played = Simulation()
    with _without_logs():
        for seed in drawn:
            made = endpoint if isinstance(endpoint, Endpoint) else endpoint()
            env = SimulatedRestate(made, seed, played)
            asyncio.run(_play(env, scenario))
            played.seeds += 1
    return played


def _seeds_of(seeds: int | Iterable[int]) -> Iterable[int]:
    """Return the seeds of an argument that is how many there are, or which.

    Raises:
        TypeError: it is neither.
        ValueError: there are none.
    """
    if isinstance(seeds, int):
        check_number("simulate", "seeds", seeds, 1, 2**31)
        return range(seeds)
    if isinstance(seeds, str) or not isinstance(seeds, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type("simulate", "seeds", seeds, "how many, or which: seeds=[17]")
    return seeds


def _refuse_coroutines() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(
        "simulate has an event loop of its own for each course: call it in an ordinary function, such "
        "as `def test_shop():`, not in a coroutine"
    )


async def _play(
    env: SimulatedRestate, scenario: Callable[[SimulatedRestate], Awaitable[object]]
) -> None:
    async with env:
        try:
            await scenario(env)
        except Exception as error:
            raise SimulationError(_report(env, error), env.seed) from error
        finally:
            env.played.invocations += len(env.invocations())


class SimulatedRestate(VirtualRestate):
    """The server of one course.

    Args:
        endpoint: the endpoint.
        seed: the seed of the course.
        played: counts what is played.

    Attributes:
        seed: see the argument.
        random: random numbers for the scenario, which depend on the seed, too.
        played: see the argument.
        run_calls: how often functions of runs were called, by the invocation and the run's name.
    """

    def __init__(self, endpoint: Endpoint, seed: int, played: Simulation) -> None:
        self.seed = seed
        self.random = Random(f"scenario {seed}")  # noqa: S311 - repeatable by design
        self.played = played
        self.run_calls: Counter[tuple[str, str]] = Counter()
        self._chance = chance = Random(f"course {seed}")  # noqa: S311
        super().__init__(
            endpoint,
            replay=chance.choice(("never", "always")),
            state=chance.choice(("eager", "partial", "lazy")),
            seed=seed,
            start=_START,
        )

    @override
    def _new_faults(self, state: Literal["eager", "partial", "lazy"]) -> Faults:
        return _Chaos(self, state, self._chance)

    async def delay(self, milliseconds: int) -> None:
        """Wait in virtual time; for the functions of runs."""
        timeline = self._timeline
        woken = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        timer = timeline.at(timeline.now + milliseconds, wake)
        try:
            await woken
        finally:
            timer.cancel()

    @override
    def _new_threads(self) -> ThreadPool:
        return AwaitedThreads()

    @override
    def _order(self) -> Random | None:
        return self._chance


class _Chaos(Faults):
    """Everything that can go wrong, in places that depend on a seed.

    Args:
        env: the server.
        state: how much of an object's state an attempt is sent.
        chance: draws what goes wrong.
    """

    def __init__(
        self,
        env: SimulatedRestate,
        state: Literal["eager", "partial", "lazy"],
        chance: Random,
    ) -> None:
        super().__init__(state)
        self._env = env
        self._chance = chance
        self._cut_at: dict[str, int] = {}
        self._troubles: dict[str, int] = {}
        self._has_crashes = chance.randrange(_STRAIGHT) > 0

    @override
    def crashes(self, invocation: Invocation) -> bool:
        """Cut off an attempt once after each entry, so that the next one goes further."""
        entries = len(invocation.journal)
        if not self._has_crashes or self._cut_at.get(invocation.id, 1) >= entries:
            return super().crashes(invocation)
        self._cut_at[invocation.id] = entries
        self._env.played.crashes += 1
        return True

    @override
    def loses_result(self, invocation: Invocation) -> bool:
        return self._has_crashes and self._makes_trouble(f"loses {invocation.id}")

    @override
    async def before_run(self, call: RunCall) -> None:
        await super().before_run(call)
        if self._chance.random() < 0.3:
            self._env.played.delayed_runs += 1
            self.running -= 1
            try:
                await self._env.delay(self._chance.randrange(_LONGEST_DELAY))
            finally:
                self.running += 1
        if self._makes_trouble(f"fails {call.name} {call.attempt.invocation_id}"):
            self._env.played.failed_runs += 1
            raise InjectedError(f"the simulation has ctx.run({call.name!r}) fail")
        self._env.run_calls[call.attempt.invocation_id, call.name] += 1

    def _makes_trouble(self, what: str) -> bool:
        times = self._troubles.get(what, 0)
        if times >= _MOST_FAILURES or self._chance.random() > 0.25:
            return False
        self._troubles[what] = times + 1
        return True


def _report(env: SimulatedRestate, error: Exception) -> str:
    """Describe a failure: the seed, the line, repeated calls of runs, and the journals."""
    text = "".join(traceback.format_exception_only(error)).strip()
    journals = [env.journal(id_) for id_ in env.invocations()]
    called = {id_ for journal in journals for id_ in journal.called}
    trees = [str(journal) for journal in journals if journal.invocation_id not in called]
    repeated = [
        f"ctx.run({name!r}) of {id_} called its function {times} times"
        for (id_, name), times in env.run_calls.items()
        if times > 1
    ]
    return "\n".join(
        [
            f"seed {env.seed}: {text}",
            f"at {_line_of(error)}",
            f"again: simulate(..., seeds=[{env.seed}])",
            *repeated,
            "the journals, in the order in which they began:",
            *trees,
        ]
    )


def _line_of(error: Exception) -> str:
    """Return the last line of its traceback that is neither this package's nor asyncio's."""
    own = (str(Path(__file__).parents[1]), str(Path(asyncio.__file__).parent))
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(own)
    ]
    return f"{frames[-1].filename}:{frames[-1].lineno}: {frames[-1].line}" if frames else "nowhere"


@contextmanager
def _without_logs() -> Generator[None]:
    """Log nothing about failures that were asked for."""
    logger = get_logger("restate_proto")

    def is_error(record: logging.LogRecord) -> bool:
        return record.levelno >= logging.ERROR

    logger.addFilter(is_error)
    try:
        yield
    finally:
        logger.removeFilter(is_error)
