"""Issues calls and one-way messages whose parameter is a payload already."""

from __future__ import annotations

from datetime import timedelta
from time import time
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from restate_proto.model.arguments import DURATION, check_headers, check_string, wrong_type
from restate_proto.runtime.handles import CallFuture, InvocationHandle
from restate_proto.runtime.values import read_invocation_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.target import Target
    from restate_proto.runtime.attempt import Attempt

__all__ = ["after", "start_call", "start_send"]

R = TypeVar("R")

_Read: TypeAlias = "tuple[str | None, Iterable[tuple[str, str]], str | None]"
"""Idempotency key, headers and limit key."""

_NO_OPTIONS: _Read = (None, (), None)


def start_call(
    attempt: Attempt,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    options: CallOptions,
) -> CallFuture[R]:
    """Call a handler; `response` is read in `encoding`."""
    idempotency_key, headers, limit_key = _read(target, options)
    commands = attempt.commands
    journal = attempt.machine.journal
    index = journal.command_index
    try:  # as `Attempt.issue`
        ids = commands.call(target, parameter, headers, idempotency_key, limit_key)
        return CallFuture(attempt, ids, response, encoding, target)
    except BaseException as error:
        if journal.command_index != index:
            journal.cut_short(error)
        raise


def start_send(
    attempt: Attempt,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    options: SendOptions,
) -> InvocationHandle[R]:
    """Send a one-way message; the handle reads the result in `encoding`."""
    idempotency_key, headers, limit_key = _read(target, options)
    delay = options.get("delay") if options else None
    if delay is not None and not isinstance(delay, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type(target, "delay", delay, DURATION)
    invoke_time = 0 if delay is None else after(delay)
    commands = attempt.commands
    journal = attempt.machine.journal
    index = journal.command_index
    try:  # as `Attempt.issue`
        id_ = commands.send(target, parameter, headers, idempotency_key, limit_key, invoke_time)
        leaf = attempt.leaf(id_, read_invocation_id)
        return InvocationHandle(attempt, leaf, response, encoding)
    except BaseException as error:
        if journal.command_index != index:
            journal.cut_short(error)
        raise


def after(delay: timedelta) -> int:
    """The point in time after a delay, in milliseconds since the Unix epoch; now if it is negative."""
    return round((time() + max(0.0, delay.total_seconds())) * 1000)


def _read(target: Target, options: CallOptions) -> _Read:
    """Check the target and the options that a call and a message have.

    Restate would refuse what is empty, and the invocation would be retried for ever.
    """
    if target.key == "":
        raise ValueError(f"{target}: the key must not be empty")
    if target.scope == "":
        raise ValueError(f"{target}: scope and limit key must not be empty")
    if not options:
        return _NO_OPTIONS
    idempotency_key = options.get("idempotency_key")
    if idempotency_key is not None:
        check_string(target, "idempotency_key", idempotency_key)
        if not idempotency_key:
            raise ValueError(f"{target}: the idempotency key must not be empty")
    headers = options.get("headers")
    if headers:
        check_headers(target, headers)
    limit_key = options.get("limit_key")
    if limit_key is not None:
        check_string(target, "limit_key", limit_key)
        if not limit_key:
            raise ValueError(f"{target}: scope and limit key must not be empty")
        if target.scope is None:
            raise ValueError(f"{target}: a limit key needs a scope")
    return idempotency_key, headers.items() if headers else (), limit_key
