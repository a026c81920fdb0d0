"""One rule for every retry policy, wherever it is written, and one calculation of delays."""

from __future__ import annotations

import math
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from restate_proto.contract.parse.config import parse_config
from restate_proto.model.kinds import ServiceKind
from restate_proto.model.retry import (
    GiveUp,
    InvocationRetryPolicy,
    OnMaxAttempts,
    RetryPolicy,
    delay_after,
)
from restatepb.v1 import options_pb2

POLICIES = (RetryPolicy, InvocationRetryPolicy)
each_policy = pytest.mark.parametrize("policy", POLICIES)

GOOD: tuple[tuple[str, Any], ...] = (
    ("factor", 1),
    ("factor", 1.0),
    ("factor", 1e300),
    ("initial_interval", timedelta(0)),
    ("initial_interval", timedelta(days=365)),
    ("max_interval", timedelta(0)),
    ("max_attempts", 1),
    ("max_attempts", 2**31),
)
BAD: tuple[tuple[str, Any, str], ...] = (
    ("factor", 0.99, "factor is 0.99; write a number of 1 or more"),
    ("factor", 0.0, "factor is 0; write"),
    ("factor", -2.0, "factor is -2; write"),
    ("factor", math.nan, "factor is nan; write"),
    ("factor", math.inf, "factor is inf; write"),
    ("initial_interval", timedelta(milliseconds=-1), "initial_interval is negative; write"),
    ("max_interval", timedelta(days=-1), "max_interval is negative; write"),
    ("max_attempts", 0, "max_attempts is 0; write 1 or more"),
)
OF_WRONG_TYPE: tuple[tuple[str, Any, str], ...] = (
    ("factor", "2", "factor is '2'; write a number"),
    ("factor", True, "factor is True; write a number"),
    ("initial_interval", 3, r"initial_interval is 3; write a timedelta, such as timedelta\("),
    ("max_interval", 2.5, "max_interval is 2.5; write a timedelta"),
    ("max_attempts", 2.0, "max_attempts is 2.0; write an integer"),
    ("max_attempts", math.nan, "max_attempts is nan; write an integer"),
)


def problems_of_the_contract(name: str, value: Any) -> list[str]:
    """Return what the generators say about a policy in the options of a contract."""
    if isinstance(value, timedelta):
        duration = Duration()
        duration.FromTimedelta(value)
        value = duration
    message = options_pb2.Config(retry_policy=options_pb2.RetryPolicy(**{name: value}))
    found: list[str] = []
    parse_config(message, ServiceKind.SERVICE, None, found.append, of_handler=False)
    return found


@each_policy
@pytest.mark.parametrize(("name", "value"), GOOD)
def test_what_makes_sense(policy: type[Any], name: str, value: Any) -> None:
    assert getattr(policy(**{name: value}), name) == value
    assert problems_of_the_contract(name, value) == []


@each_policy
@pytest.mark.parametrize(("name", "value", "text"), BAD)
def test_what_makes_no_sense(policy: type[Any], name: str, value: Any, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{policy.__name__}: {text}"):
        policy(**{name: value})
    (found,) = problems_of_the_contract(name, value)
    assert found.startswith(f"retry_policy.{text}")


@each_policy
@pytest.mark.parametrize(("name", "value", "text"), OF_WRONG_TYPE)
def test_what_is_of_the_wrong_type(policy: type[Any], name: str, value: Any, text: str) -> None:
    with pytest.raises(TypeError, match=f"^{policy.__name__}: {text}"):
        policy(**{name: value})


@pytest.mark.parametrize("value", [timedelta(microseconds=-1), timedelta.min])
def test_a_limit_of_time_is_not_negative(value: timedelta) -> None:
    with pytest.raises(ValueError, match="max_duration is negative"):
        RetryPolicy(max_duration=value)


@pytest.mark.parametrize("name", ["factor", "initial_interval"])
def test_what_a_policy_cannot_do_without(name: str) -> None:
    policy: Any = RetryPolicy
    with pytest.raises(TypeError, match=f"{name} is None; write"):
        policy(**{name: None})


def test_what_a_policy_can_do_without() -> None:
    assert RetryPolicy(max_interval=None, max_attempts=None, max_duration=None)
    unset = dict.fromkeys(("initial_interval", "factor", "max_interval", "max_attempts"))
    assert InvocationRetryPolicy(**unset) == InvocationRetryPolicy()


DURATIONS = st.timedeltas(min_value=timedelta(0))


def test_one_shape() -> None:
    """The same setting has the same name in a program and in a contract."""
    own = {field.name for field in fields(RetryPolicy)}
    contracts = {field.name for field in fields(InvocationRetryPolicy)}
    assert contracts <= own
    assert own - contracts == {"max_duration"}  # Restate has no such bound
    assert contracts == set(options_pb2.RetryPolicy.DESCRIPTOR.fields_by_name)


@given(st.integers(1, 10_000), DURATIONS, st.floats(1, 1e300), st.none() | DURATIONS)
def test_delays_grow_and_stay_below_the_longest(
    attempts: int, initial: timedelta, factor: float, longest: timedelta | None
) -> None:
    delay = delay_after(attempts, initial, factor, longest)
    after = delay_after(attempts + 1, initial, factor, longest)
    bound = timedelta.max if longest is None else longest
    assert timedelta(0) <= delay <= after <= bound
    assert delay_after(1, initial, factor, longest) == min(initial, bound)


def test_exponential_policy() -> None:
    policy = RetryPolicy(
        initial_interval=timedelta(milliseconds=125),
        max_interval=timedelta(milliseconds=750),
        max_duration=timedelta(seconds=10),
    )
    second = timedelta(seconds=1)
    delays = [policy.next_delay(attempts, second) for attempts in (1, 2, 3, 4, 100)]
    assert delays == [timedelta(milliseconds=each) for each in (125, 250, 500, 750, 750)]
    assert policy.next_delay(4, 10 * second) is GiveUp.GIVE_UP


def test_no_delay_stays_none() -> None:
    """The longest delay is not taken, even if the power is too large for a float."""
    assert delay_after(5000, timedelta(0), 2.0, timedelta(seconds=10)) == timedelta(0)


@pytest.mark.parametrize("bound", [{"max_attempts": 3}, {"max_duration": timedelta(0)}])
def test_a_bound_may_pause(bound: dict[str, Any]) -> None:
    policy = RetryPolicy(on_max_attempts=OnMaxAttempts.PAUSE, **bound)
    assert policy.on_max_attempts is OnMaxAttempts.PAUSE


@pytest.mark.parametrize(
    ("values", "error", "text"),
    [
        ({"on_max_attempts": "pause", "max_attempts": 1}, TypeError, "write OnMaxAttempts.PAUSE"),
        ({"on_max_attempts": OnMaxAttempts.PAUSE}, ValueError, "add max_attempts or max_duration"),
        (
            {"on_max_attempts": OnMaxAttempts.KILL, "max_attempts": 1},
            ValueError,
            "the last failure is raised as a TerminalError",
        ),
    ],
)
def test_a_pause_that_makes_no_sense(
    values: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=f"^RetryPolicy: on_max_attempts.*{text}"):
        RetryPolicy(**values)
