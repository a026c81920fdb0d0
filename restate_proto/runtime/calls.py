"""Start calls and one-way messages, after checking their options."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from restate_proto.model.arguments import DURATION, check_headers, check_string, wrong_type
from restate_proto.model.scope import check_scope
from restate_proto.runtime.futures import Leaf
from restate_proto.runtime.invocations import (
    CallFuture,
    InvocationHandle,
    check_key_and_scope,
    empty_idempotency_key,
)
from restate_proto.runtime.values import read_invocation_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.model.codec import Codec
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.options import CallOptions, SendOptions
    from restate_proto.model.target import Target
    from restate_proto.runtime.operations import Operations

__all__ = ["start_call", "start_send"]

R = TypeVar("R")

_Options: TypeAlias = "tuple[Iterable[tuple[str, str]], str | None, str | None, str]"
"""Headers, idempotency key, limit key and name."""

_NO_OPTIONS: _Options = ((), None, None, "")


def start_call(
    operations: Operations,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    options: CallOptions,
) -> CallFuture[R]:
    """Call a handler; `response` is read in `encoding`."""
    headers, idempotency_key, limit_key, name = _checked(target, options)
    if operations.interception is not None:
        headers = operations.interception.call(target, headers, is_message=False)
    is_cancelled_with_me = options.get("cancel_with_me", True) if options else True
    commands = operations.commands
    # Made first, so that nothing after the command needs more stack than the command did.
    future = CallFuture(operations, response, encoding, target)

    def call() -> CallFuture[R]:
        ids = commands.call(target, parameter, headers, idempotency_key, limit_key, name)
        future.expect_ids(ids)
        if not is_cancelled_with_me:
            commands.spare(ids[0])
        return future

    return operations.begin(call)


def start_send(
    operations: Operations,
    target: Target,
    parameter: bytes,
    response: Codec[R],
    encoding: Encoding,
    options: SendOptions,
) -> InvocationHandle[R]:
    """Send a one-way message; the handle reads the result in `encoding`."""
    headers, idempotency_key, limit_key, name = _checked(target, options)
    if operations.interception is not None:
        headers = operations.interception.call(target, headers, is_message=True)
    delay = options.get("delay") if options else None
    if delay is not None and not isinstance(delay, timedelta):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type(target, "delay", delay, DURATION)
    # No timer if it is due already: calls that are made later would overtake it.
    invoke_time = 0 if delay is None or delay <= timedelta(0) else operations.after(delay)
    commands = operations.commands

    def send() -> InvocationHandle[R]:
        id_ = commands.send(
            target, parameter, headers, idempotency_key, limit_key, invoke_time, name
        )
        return InvocationHandle(Leaf(operations, read_invocation_id, id_), response, encoding)

    return operations.begin(send)


def _checked(target: Target, options: CallOptions | SendOptions) -> _Options:
    """Check the target and the options that calls and messages share; return the options.

    Restate would refuse empty ones, and the invocation would be retried for ever.
    """
    if target.key == "" or target.scope is not None:
        check_key_and_scope(target)
    if not options:
        return _NO_OPTIONS
    idempotency_key = options.get("idempotency_key")
    if idempotency_key is not None:
        check_string(target, "idempotency_key", idempotency_key)
        if not idempotency_key:
            raise empty_idempotency_key(target)
    headers = options.get("headers")
    if headers:
        check_headers(target, headers)
    limit_key = options.get("limit_key")
    if limit_key is not None:
        check_string(target, "limit_key", limit_key)
        check_scope(target, target.scope, limit_key)
    name = options.get("name") or ""
    if name:
        check_string(target, "name", name)
    return headers.items() if headers else (), idempotency_key, limit_key, name
