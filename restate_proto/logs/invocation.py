"""Which invocation a record of the log belongs to, and whether it is one of a replay.

A handler runs in an event loop of its own (`HandlerLoop`), which knows its invocation. So the loop
that runs in a thread says whose record it is, whatever logger made it, and nothing has to be set for
each attempt. Functions of `ctx.run` run in the real loop or in threads: a context variable is set for
them, which `asyncio` and the pool of threads hand on to all that they call.
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
    """What a record says of its invocation; each is an attribute of the record.

    Args:
        invocation_id: the invocation's id, `inv_...`.
        invocation_target: the handler with the key, as `shop.v1.Cart/ada/AddTicket`.
        invocation_key: the object key or workflow id; "" for a service.
        invocation_attempt: the number of the attempt, from 1; it begins anew when the journal grows.
    """

    invocation_id: str
    invocation_target: str
    invocation_key: str
    invocation_attempt: int

    @classmethod
    def of(cls, id_: str, handler: str, key: str, retries: int) -> InvocationFields:
        """The fields of an attempt.

        Args:
            id_: the invocation's id.
            handler: the handler, as `shop.v1.Cart/AddTicket`.
            key: the object key or workflow id; "" for a service.
            retries: how many attempts there were since the journal has grown.
        """
        service, _, name = handler.rpartition("/")
        target = f"{service}/{key}/{name}" if key else handler
        return cls(id_, target, key, retries + 1)


NO_INVOCATION = InvocationFields("", "", "", 0)
"""What a record has that belongs to none."""


class InvocationScope(Protocol):
    """The event loop of a handler, as far as it is known here."""

    @property
    def invocation(self) -> InvocationFields:
        """The invocation whose handler runs in it."""
        ...

    @property
    def is_silent(self) -> bool:
        """Whether the handler does again what an attempt before has logged."""
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
    """The loop of the handler whose code runs in this thread now."""
    loop: Any = _get_running_loop()
    return loop if hasattr(loop, "is_silent") else None


def _current() -> tuple[InvocationFields, bool]:
    """The invocation whose code runs now, and whether that code is silent."""
    scope = _scope_of_handler()
    if scope is not None:
        return scope.invocation, scope.is_silent
    scope = invocation_of_run.get()
    return (NO_INVOCATION if scope is None else scope.invocation), False


def is_replaying() -> bool:
    """Whether the code that runs now is a handler's that does again what an attempt before has done."""
    return _current()[1]


def _is_of_runtime(logger: str) -> bool:
    """Whether a logger is this library's own: what it has to say is never a replay."""
    return logger == "restate_proto" or logger.startswith("restate_proto.")


class InvocationFilter(logging.Filter):
    """Gives each record the fields of its invocation, and lets none of a replay pass.

    It belongs on a handler of `logging`, where it sees the records of all loggers:
    `configure_logging` puts it there. In a `dictConfig`, write
    `"filters": {"invocation": {"()": "restate_proto.InvocationFilter"}}`. Beside a queue it belongs
    on the `QueueHandler`, since it looks at the thread that logs.

    The fields are `invocation_id`, `invocation_target`, `invocation_key` and `invocation_attempt`:
    attributes of the record, which a format reaches as `%(invocation_id)s`. A record that belongs to
    no invocation has "" and 0.
    """

    def __init__(self) -> None:
        super().__init__()

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        fields, is_silent = _current()
        if is_silent and not _is_of_runtime(record.name):
            return False
        if not hasattr(record, "invocation_id"):  # else its logger has said whose it is
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
        """Whether a record of this level is written now."""
        return not self._scope.is_silent and super().isEnabledFor(level)

    @override
    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        """Adds the fields of the invocation to those that the caller gives."""
        given: Mapping[str, object] = kwargs.get("extra") or {}
        kwargs["extra"] = {**self._scope.invocation._asdict(), **given}
        return msg, kwargs


def structlog_processor(
    logger: object, method_name: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog: adds the fields of the invocation, and drops what a replay logs.

    Put it first: `structlog.configure(processors=[structlog_processor, ...])`. It works without
    the filter, which sees no record of structlog's unless that hands them to `logging`.

    Raises:
        structlog.DropEvent: the handler replays.
    """
    fields, is_silent = _current()
    if is_silent:
        from structlog import DropEvent  # noqa: PLC0415 - who calls this has it

        raise DropEvent
    for name, value in fields._asdict().items():
        if value:
            event.setdefault(name, value)
    return event
