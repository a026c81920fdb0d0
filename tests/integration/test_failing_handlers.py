"""How a test learns of an exception in a handler if it does not ask for retries."""

from __future__ import annotations

import asyncio
import traceback
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import (
    Context,
    Endpoint,
    IngressInvocationHandle,
    RetryableError,
    RetryPolicy,
    TerminalError,
    WorkflowContext,
)
from restate_proto.model.retry import InvocationRetryPolicy
from restate_proto.testing import HandlerFailedError
from tests.integration.conformance_messages import (
    ClerkBase,
    ClerkClient,
    JourneyBase,
    JourneyClient,
    Parcel,
    Script,
)
from tests.integration.refused_commands import REFUSED
from tests.integration.scripted_services import Account, Body, Clerk, Journey, Scripts, unique

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restate_proto.testing import EnvironmentFactory, RestateEnvironment


class Trial:
    """A world of scripted services, and a record of what its handlers did."""

    def __init__(self, env: RestateEnvironment, scripts: Scripts) -> None:
        self.env = env
        self.scripts = scripts
        self.attempts = 0

    def script(self, body: Body) -> Script:
        async def counted(ctx: Any, parcel: Parcel) -> Parcel | None:
            self.attempts += 1
            return await body(ctx, parcel)

        return Script(name=self.scripts.add(counted))

    async def call(self, body: Body) -> Parcel:
        return await ClerkClient.from_client(self.env.client).perform(self.script(body))

    async def send(self, body: Body) -> IngressInvocationHandle[Parcel]:
        return await ClerkClient.from_client(self.env.client).send().perform(self.script(body))

    async def submit(self, body: Body) -> IngressInvocationHandle[Parcel]:
        return await JourneyClient.from_client(self.env.client, unique()).submit(self.script(body))


def attempt(
    serve: EnvironmentFactory,
    scenario: Callable[[Trial], Awaitable[None]],
    *,
    retries: bool = False,
) -> None:
    async def main() -> None:
        scripts = Scripts()
        endpoint = Endpoint(Clerk(scripts), Account(scripts), Journey(scripts))
        async with serve(endpoint, retries=retries) as env:
            await scenario(Trial(env, scripts))

    asyncio.run(main())


async def bug(ctx: Context, parcel: Parcel) -> None:
    raise KeyError("the bug")


def shows_the_bug(error: BaseException) -> bool:
    """Return whether a traceback of the error has the line that raised."""
    return 'raise KeyError("the bug")' in "".join(traceback.format_exception(error))


# Handlers count their attempts here, and make a script for each call.
pytestmark = pytest.mark.restate(replay_check=False)


@pytest.fixture
def serve(restate_environment: EnvironmentFactory) -> EnvironmentFactory:
    return restate_environment


def test_a_call_has_the_exception_as_its_cause(serve: EnvironmentFactory) -> None:
    async def scenario(trial: Trial) -> None:
        with pytest.raises(TerminalError, match=r"^\[500\] KeyError: 'the bug'") as raised:
            await trial.call(bug)
        assert isinstance(raised.value.__cause__, KeyError)
        assert shows_the_bug(raised.value)
        assert trial.attempts == 1

    attempt(serve, scenario)


def test_each_of_several_failures_comes_to_its_call(serve: EnvironmentFactory) -> None:
    async def scenario(trial: Trial) -> None:
        for _ in range(2):
            with pytest.raises(TerminalError) as raised:
                await trial.call(bug)
            assert shows_the_bug(raised.value)

    attempt(serve, scenario)


def test_retries_are_made_where_they_are_asked_for(serve: EnvironmentFactory) -> None:
    async def scenario(trial: Trial) -> None:
        async def fails_twice(ctx: Context, parcel: Parcel) -> None:
            if trial.attempts < 3:
                raise KeyError("the bug")

        await trial.call(fails_twice)
        assert trial.attempts == 3

    attempt(serve, scenario, retries=True)


async def in_a_call(ctx: Context, trial: Trial) -> None:
    await ClerkClient.from_context(ctx).perform(trial.script(bug))


async def in_a_run(ctx: Context, trial: Trial) -> None:
    async def effect() -> None:
        raise KeyError("the bug")

    await ctx.run("effect", effect)


async def in_a_run_without_a_bound(ctx: Context, trial: Trial) -> None:
    async def effect() -> None:
        raise KeyError("the bug")

    await ctx.run("effect", effect, retry=RetryPolicy())


async def on_a_later_replay(ctx: Context, trial: Trial) -> None:
    await ctx.sleep(timedelta(milliseconds=1))
    raise KeyError("the bug")


@pytest.mark.parametrize(
    "place", [in_a_call, in_a_run, in_a_run_without_a_bound, on_a_later_replay]
)
def test_the_exception_is_shown_wherever_it_was_raised(
    serve: EnvironmentFactory, place: Callable[[Context, Trial], Awaitable[None]]
) -> None:
    async def scenario(trial: Trial) -> None:
        async def body(ctx: Context, parcel: Parcel) -> None:
            await place(ctx, trial)

        with pytest.raises(TerminalError, match="the bug") as raised:
            await trial.call(body)
        assert shows_the_bug(raised.value)

    attempt(serve, scenario)


def test_a_delay_before_the_next_attempt_does_not_make_one(serve: EnvironmentFactory) -> None:
    async def scenario(trial: Trial) -> None:
        async def later(ctx: Context, parcel: Parcel) -> None:
            raise RetryableError("later", retry_after=timedelta(milliseconds=1), code=503)

        with pytest.raises(TerminalError, match=r"\[503\] later") as raised:
            await trial.call(later)
        assert isinstance(raised.value.__cause__, RetryableError)
        assert trial.attempts == 1

    attempt(serve, scenario)


def test_a_contract_cannot_ask_for_retries(
    serve: EnvironmentFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(trial: Trial) -> None:
        with pytest.raises(TerminalError):
            await trial.call(bug)
        assert trial.attempts == 1

    service = ClerkBase.__restate_service__
    policy = InvocationRetryPolicy(initial_interval=timedelta(milliseconds=1), max_attempts=100)
    handlers = tuple(
        replace(each, config=replace(each.config, retry_policy=policy)) for each in service.handlers
    )
    monkeypatch.setattr(ClerkBase, "__restate_service__", replace(service, handlers=handlers))
    attempt(serve, scenario)


def test_a_run_with_a_bound_is_retried_up_to_it(serve: EnvironmentFactory) -> None:
    executed: list[None] = []

    async def effect() -> None:
        executed.append(None)
        raise OSError("out of order")

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        policy = RetryPolicy(max_attempts=3, initial_interval=timedelta(milliseconds=1))
        with pytest.raises(TerminalError, match="out of order"):
            await ctx.run("effect", effect, retry=policy)
        return Parcel(text="compensated")

    async def scenario(trial: Trial) -> None:
        assert (await trial.call(body)).text == "compensated"

    attempt(serve, scenario)
    assert len(executed) == 3


def test_what_the_runtime_finds_fails_the_call(serve: EnvironmentFactory) -> None:
    async def scenario(trial: Trial) -> None:
        async def other_each_time(ctx: Context, parcel: Parcel) -> None:
            if trial.attempts == 1:
                await ctx.run("one", asyncio.sleep, 0, retry=RetryPolicy(max_attempts=2))
                await ctx.run("fails", failing, retry=RetryPolicy(max_attempts=2))
            await ctx.sleep(timedelta(0))

        async def failing() -> None:
            raise OSError("so that there is a second attempt")

        with pytest.raises(TerminalError, match=r"\[570\]"):
            await trial.call(other_each_time)

    attempt(serve, scenario)


def test_a_failed_message_ends_what_waits_for_something_else(serve: EnvironmentFactory) -> None:
    """The message's handler was to resolve the promise of the workflow that sent it."""

    async def scenario(trial: Trial) -> None:
        async def run(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
            ClerkClient.from_context(ctx).send().perform(trial.script(bug))
            return await ctx.promise(JourneyBase.DECISION)

        handle = await trial.submit(run)
        with pytest.raises(HandlerFailedError, match=r"Clerk/Perform, .*KeyError") as raised:
            await handle.attach()
        assert shows_the_bug(raised.value)

    attempt(serve, scenario)


def test_a_failed_message_fails_the_test_at_its_end(serve: EnvironmentFactory) -> None:
    async def scenario(trial: Trial) -> None:
        await trial.send(failing)
        await reached.wait()

    reached = asyncio.Event()

    async def failing(ctx: Context, parcel: Parcel) -> None:
        reached.set()
        raise KeyError("the bug")

    with pytest.raises(HandlerFailedError, match=r"Clerk/Perform, .*KeyError") as raised:
        attempt(serve, scenario)
    assert shows_the_bug(raised.value)


def test_a_handler_that_goes_on_does_not_hide_the_failure(serve: EnvironmentFactory) -> None:
    async def scenario(trial: Trial) -> None:
        async def caller(ctx: Context, parcel: Parcel) -> Parcel:
            with pytest.raises(TerminalError):
                await ClerkClient.from_context(ctx).perform(trial.script(bug))
            return Parcel(text="compensated")

        assert (await trial.call(caller)).text == "compensated"

    with pytest.raises(HandlerFailedError) as raised:
        attempt(serve, scenario)
    assert shows_the_bug(raised.value)


def test_an_error_of_the_test_has_the_failure_as_a_note(serve: EnvironmentFactory) -> None:
    reached = asyncio.Event()

    async def failing(ctx: Context, parcel: Parcel) -> None:
        reached.set()
        raise KeyError("the bug")

    async def scenario(trial: Trial) -> None:
        await trial.send(failing)
        await reached.wait()
        pytest.fail("nothing came of it")

    with pytest.raises(pytest.fail.Exception) as raised:
        attempt(serve, scenario)
    assert shows_the_bug(raised.value)


def test_a_terminal_error_is_no_failure_of_the_test(serve: EnvironmentFactory) -> None:
    async def scenario(trial: Trial) -> None:
        async def ends(ctx: Context, parcel: Parcel) -> None:
            raise TerminalError("which ticket?", code=400)

        with pytest.raises(TerminalError) as raised:
            await trial.call(ends)
        assert raised.value.__cause__ is None

    attempt(serve, scenario)


@pytest.mark.parametrize(("body", "reason"), REFUSED)
def test_a_command_that_restate_refuses(serve: EnvironmentFactory, body: Body, reason: str) -> None:
    async def scenario(trial: Trial) -> None:
        with pytest.raises(TerminalError) as raised:
            await trial.call(body)
        assert (raised.value.code, raised.value.message) == (500, reason)

    attempt(serve, scenario)
