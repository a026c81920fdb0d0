"""Find the invocation that a log record belongs to, and whether a replay made the record.

A handler runs in an event loop of its own (`HandlerLoop`), which knows its invocation. So the event
loop that is running in a thread tells the invocation of a record, whatever logger made it, and
attempts do not have to set anything. Functions of `ctx.run` run in the real loop or in threads. For
them, a context variable is set, which `asyncio` and the thread pool pass on to everything they
call.
"""

from __future__ import annotations

import logging
from asyncio.events import _get_running_loop  # pyright: ignore[reportPrivateUsage]
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

__all__ = [
    "InvocationFields",
    "InvocationFilter",
    "InvocationLogger",
    "InvocationScope",
    "invocation_of_run",
    "is_replaying",
    "structlog_processor",
]


class InvocationFields(NamedTuple):
    """The fields of a record's invocation; each becomes an attribute of the record.

    Args:
        invocation_id: the invocation's id, `inv_...`.
        invocation_target: the handler with the key, as `shop.v1.Cart/ada/AddTicket`.
        invocation_key: the object key or workflow id; "" for a service.
        invocation_attempt: the number of the attempt, from 1; it starts again at 1 when the journal
            grows.
    """

    invocation_id: str
    invocation_target: str
    invocation_key: str
    invocation_attempt: int

    @classmethod
    def of(cls, id_: str, handler: str, key: str, retries: int) -> InvocationFields:
        """Make the fields of an attempt.

        Args:
            id_: the invocation's id.
            handler: the handler, as `shop.v1.Cart/AddTicket`.
            key: the object key or workflow id; "" for a service.
            retries: how many attempts there have been since the journal last grew.
        """
        service, _, name = handler.rpartition("/")
        target = f"{service}/{key}/{name}" if key else handler
        return cls(id_, target, key, retries + 1)


NO_INVOCATION = InvocationFields("", "", "", 0)
"""The fields of a record that belongs to no invocation."""


class InvocationScope(Protocol):
    """The part of a handler's event loop that this module needs."""

    @property
    def invocation(self) -> InvocationFields:
        """The invocation whose handler runs in it."""
        ...

    @property
    def is_silent(self) -> bool:
        """Whether the handler is replaying, so that an earlier attempt has logged the same."""
        ...

    @property
    def service(self) -> str:
        """The name of its service, as `shop.v1.Cart`."""
        ...


invocation_of_run: ContextVar[InvocationScope | None] = ContextVar(
    "invocation_of_run", default=None
)
"""The invocation that the function of a `ctx.run` is called for."""


def _scope_of_handler() -> InvocationScope | None:
    """Return the event loop of the handler that is running in this thread."""
    loop: Any = _get_running_loop()
    return loop if hasattr(loop, "is_silent") else None


def _current() -> tuple[InvocationFields, bool]:
    """Return the invocation whose code is running, and whether its records are dropped."""
    scope = _scope_of_handler()
    if scope is not None:
        return scope.invocation, scope.is_silent
    scope = invocation_of_run.get()
    return (NO_INVOCATION if scope is None else scope.invocation), False


def is_replaying() -> bool:
    """Tell whether the running code is that of a handler that is replaying."""
    return _current()[1]


def _is_of_runtime(logger: str) -> bool:
    """Tell whether a logger is this library's own; its records are written during replays too."""
    return logger == "restate_proto" or logger.startswith("restate_proto.")


class InvocationFilter(logging.Filter):
    """Adds the fields of the invocation to each record, and drops records of replays.

    Add it to a handler of `logging`, not to a logger, so that it sees the records of all loggers:
    `configure_logging` does that. In a `dictConfig`, write
    `"filters": {"invocation": {"()": "restate_proto.InvocationFilter"}}`. With a queue, add it to
    the `QueueHandler`, because the filter looks at the thread that logs.

    The fields are attributes of the record: `invocation_id`, `invocation_target`, `invocation_key`
    and `invocation_attempt`. A format writes them as `%(invocation_id)s`. They are "" and 0 in a
    record that belongs to no invocation.
    """

    def __init__(self) -> None:
        super().__init__()

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write a record, and add the fields to it."""
        fields, is_silent = _current()
        if is_silent and not _is_of_runtime(record.name):
            return False
        if not hasattr(record, "invocation_id"):  # else its logger has added the fields
            record.__dict__.update(fields._asdict())
        return True


class InvocationLogger(logging.LoggerAdapter[logging.Logger]):
    """The logger of one invocation, as `ctx.logger`: silent while the handler replays.

    Args:
        scope: the loop of the handler.
    """

    def __init__(self, scope: InvocationScope) -> None:
        super().__init__(logging.getLogger(scope.service))
        self._scope = scope

    @override
    def isEnabledFor(self, level: int) -> bool:
        """Tell whether a record of this level is written now."""
        return not self._scope.is_silent and super().isEnabledFor(level)

    @override
    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        """Add the fields of the invocation to those that the caller gives."""
        given: Mapping[str, object] = kwargs.get("extra") or {}
        kwargs["extra"] = {**self._scope.invocation._asdict(), **given}
        return msg, kwargs


def structlog_processor(
    logger: object, method_name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Add the fields of the invocation to structlog's records, and drop those of replays.

    Make it the first processor: `structlog.configure(processors=[structlog_processor, ...])`. It
    does not need `InvocationFilter`, which sees structlog's records only if they go through
    `logging`.

    Raises:
        structlog.DropEvent: the handler replays.
    """
    fields, is_silent = _current()
    if is_silent:
        from structlog import DropEvent  # noqa: PLC0415 - callers have it

        raise DropEvent
    for name, value in fields._asdict().items():
        if value:
            event.setdefault(name, value)
    return event
