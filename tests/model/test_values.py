"""Keys, targets and the arithmetic of retries."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from restate_proto.model.keys import PromiseKey, SignalKey, StateKey
from restate_proto.model.retry import GiveUp, RetryPolicy
from restate_proto.model.target import Target

policies = st.builds(
    RetryPolicy,
    initial_interval=st.timedeltas(min_value=timedelta(0)),
    factor=st.floats(1, 1e10),
    max_interval=st.none() | st.timedeltas(min_value=timedelta(0)),
    max_attempts=st.none() | st.integers(1, 100),
    max_duration=st.none() | st.timedeltas(min_value=timedelta(0)),
)


def test_keys_are_equal_by_what_they_name() -> None:
    assert StateKey("a", int) == StateKey("a", int)
    assert len({StateKey("a", int), StateKey("a", int), StateKey("b", int)}) == 2
    assert StateKey("a", int) != StateKey("a", str)
    assert StateKey("a", int) != PromiseKey("a", int)
    assert repr(SignalKey("go", bool)) == "SignalKey('go', bool)"


def test_targets() -> None:
    assert str(Target.service("S", "h")) == "S/h"
    assert str(Target.object("O", "key", "h")) == "O/key/h"
    assert Target.workflow("W", "id", "run", scope="s") == Target("W", "run", "id", "s")


def test_delays_grow_to_the_longest() -> None:
    policy = RetryPolicy(timedelta(seconds=1), 2.0, timedelta(seconds=5))
    delays = [policy.next_delay(attempts, timedelta(0)) for attempts in range(1, 6)]
    assert delays == [timedelta(seconds=seconds) for seconds in (1, 2, 4, 5, 5)]


@given(policies, st.integers(1, 10_000), st.timedeltas(min_value=timedelta(0)))
def test_any_policy_gives_a_delay_or_gives_up(
    policy: RetryPolicy, attempts: int, elapsed: timedelta
) -> None:
    delay = policy.next_delay(attempts, elapsed)
    bounded = (policy.max_attempts is not None and attempts >= policy.max_attempts) or (
        policy.max_duration is not None and elapsed >= policy.max_duration
    )
    if bounded:
        assert delay is GiveUp.GIVE_UP
    else:
        assert isinstance(delay, timedelta)
        assert timedelta(0) <= delay <= (policy.max_interval or delay)
