"""What the functions of `ctx.run` see of an invocation: the part of a context that issues nothing."""

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
    """What the function of a `ctx.run` may use of its handler's context: what is fixed, or asked for.

    Every context is one. A `durable_step` takes it, so that type checkers refuse durable operations
    in its body; at run time they raise `RuntimeError` there.
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
        """The logger of the service, named as the contract names that: `shop.v1.Cart`.

        Its records carry the invocation's id, target, key and attempt, and none is made while the
        handler replays what an attempt before has logged.
        """
        return InvocationLogger(self._operations.loop)

    @property
    def headers(self) -> Mapping[str, str]:
        """The caller's headers; a name is found in any case."""
        return Headers(self._input.headers)

    @property
    def idempotency_key(self) -> str | None:
        """The idempotency key that the caller gave; None also where Restate does not say (v5, v6)."""
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
        """Whether the attempt is over that a function was called in, and its result is for nobody.

        For the ordinary functions of `ctx.run`, in whose threads nothing can be raised: one that
        works for long looks here between its steps. A coroutine function gets
        `asyncio.CancelledError` where it waits.
        """
        return self._journal.phase is Phase.CLOSED
