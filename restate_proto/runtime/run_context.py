"""What the functions of `ctx.run` see of their invocation: everything but durable operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.headers import Headers
from restate_proto.logs import InvocationLogger
from restate_proto.protocol import Phase

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from restate_proto.model.kinds import Encoding
    from restate_proto.protocol import Input, Patches
    from restate_proto.runtime.futures import DurableFuture
    from restate_proto.runtime.operations import Operations

__all__ = ["RunContext"]


class RunContext:
    """The part of a handler's context that the function of a `ctx.run` may use.

    Every context is one. A `durable_step` declares it as its parameter, so that type checkers
    refuse durable operations in its body; at run time they raise `RuntimeError` there.
    """

    __slots__ = (
        "_cancelled",
        "_commands",
        "_encoding",
        "_input",
        "_journal",
        "_operations",
        "_patches",
        "_random",
    )

    def __init__(self, operations: Operations, encoding: Encoding, input_: Input) -> None:
        self._operations = operations
        self._commands = operations.commands
        self._journal = operations.journal
        self._encoding = encoding
        self._input = input_
        self._patches: Patches | None = None
        self._random: Random | None = None
        self._cancelled: DurableFuture[None] | None = None

    @property
    def invocation_id(self) -> str:
        """This invocation's id, `inv_...`; the same in every attempt."""
        return self._journal.start.debug_id

    @property
    def logger(self) -> InvocationLogger:
        """The logger of the service; its name is the service's, such as `shop.v1.Cart`.

        Its records carry the invocation's id, target, key and attempt. Nothing is logged while the
        handler replays what an earlier attempt has logged.
        """
        return InvocationLogger(self._operations.loop)

    @property
    def headers(self) -> Mapping[str, str]:
        """The caller's headers; names are found in any case."""
        return Headers(self._input.headers)

    @property
    def idempotency_key(self) -> str | None:
        """The caller's idempotency key; always None on v5 and v6, which do not carry it."""
        start = self._journal.start
        return start.idempotency_key if start.HasField("idempotency_key") else None

    @property
    def scope(self) -> str | None:
        """The scope that the invocation was addressed in; since protocol v7."""
        start = self._journal.start
        return start.scope if start.HasField("scope") else None

    @property
    def limit_key(self) -> str | None:
        """The limit key that the caller gave; since protocol v7."""
        start = self._journal.start
        return start.limit_key if start.HasField("limit_key") else None

    @property
    def attempt_has_ended(self) -> bool:
        """Whether the attempt that called this function is over, so that its result is not needed.

        It is for the ordinary functions of `ctx.run`, in whose threads no error can be raised: one
        that works for long should ask between its steps. A coroutine function gets
        `asyncio.CancelledError` where it waits.
        """
        return self._journal.phase is Phase.CLOSED
