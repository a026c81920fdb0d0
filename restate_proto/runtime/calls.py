"""Issues calls and one-way messages whose parameter is a payload already."""

from __future__ import annotations

from datetime import timedelta
from time import time
from typing import TYPE_CHECKING, TypeVar

from restate_proto.model.arguments import DURATION, check_headers, check_string, wrong_type
from restate_proto.runtime.handles import CallFuture, InvocationHandle
from restate_proto.runtime.values import read_invocation_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.target import Target
    from restate_proto.runtime.attempt import Attempt

__all__ = ["after", "start_call", "start_send"]

R = TypeVar("R")


def start_call(
    attempt: Attempt,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    idempotency_key: str | None,
    headers: Mapping[str, str] | None,
    limit_key: str | None,
) -> CallFuture[R]:
    """Call a handler; `response` is read in `encoding`."""
    _check(target, idempotency_key, headers, limit_key)
    pairs = _pairs(headers)
    machine = attempt.commands
    index = machine.command_index
    try:  # as `Attempt.issue`
        ids = machine.call(target, parameter, pairs, idempotency_key, limit_key)
        return CallFuture(attempt, ids, response, encoding, target)
    except BaseException as error:
        if machine.command_index != index:
            machine.cut_short(error)
        raise


def start_send(
    attempt: Attempt,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    delay: timedelta | None,
    idempotency_key: str | None,
    headers: Mapping[str, str] | None,
    limit_key: str | None,
) -> InvocationHandle[R]:
    """Send a one-way message; the handle reads the result in `encoding`."""
    _check(target, idempotency_key, headers, limit_key)
    if delay is not None and not isinstance(delay, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type(target, "delay", delay, DURATION)
    invoke_time = 0 if delay is None else after(delay)
    pairs = _pairs(headers)
    machine = attempt.commands
    index = machine.command_index
    try:  # as `Attempt.issue`
        id_ = machine.send(target, parameter, pairs, idempotency_key, limit_key, invoke_time)
        leaf = attempt.leaf(id_, read_invocation_id)
        return InvocationHandle(attempt, leaf, response, encoding)
    except BaseException as error:
        if machine.command_index != index:
            machine.cut_short(error)
        raise


def after(delay: timedelta) -> int:
    """The point in time after a delay, in milliseconds since the Unix epoch; now if it is negative."""
    return round((time() + max(0.0, delay.total_seconds())) * 1000)


def _pairs(headers: Mapping[str, str] | None) -> Iterable[tuple[str, str]]:
    return headers.items() if headers else ()


def _check(
    target: Target,
    idempotency_key: str | None,
    headers: Mapping[str, str] | None,
    limit_key: str | None,
) -> None:
    if idempotency_key is not None:
        check_string(target, "idempotency_key", idempotency_key)
    if limit_key is not None:
        check_string(target, "limit_key", limit_key)
    if headers:
        check_headers(target, headers)
    # Restate would refuse these, and the invocation would be retried for ever.
    if target.key == "":
        raise ValueError(f"{target}: the key must not be empty")
    if idempotency_key == "":
        raise ValueError(f"{target}: the idempotency key must not be empty")
    if limit_key == "" or target.scope == "":
        raise ValueError(f"{target}: scope and limit key must not be empty")
    if limit_key is not None and target.scope is None:
        raise ValueError(f"{target}: a limit key needs a scope")
