"""One invocation: its handler and input, its journal, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from restate_proto.protocol import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.protocol.frames import Frame
    from restate_proto.protocol.notifications import NotificationId
    from restate_proto.testing.virtual.catalogue import Handler
    from restate_proto.testing.virtual.timeline import Timer
    from restatepb.protocol.v1 import protocol_pb2 as pb

__all__ = [
    "Invocation",
    "InvocationName",
    "Lock",
    "OpenAttempt",
    "Outcome",
    "Status",
]

Lock = tuple[str, str, str | None]
"""The service, the key and the scope of an object or a workflow."""

Outcome = bytes | Failure
"""The result or the failure of an invocation."""


class Status(Enum):
    """The status of an invocation; the values are those of `sys_invocation`."""

    SCHEDULED = "scheduled"
    PENDING = "pending"
    RUNNING = "running"
    SUSPENDED = "suspended"
    BACKING_OFF = "backing-off"
    PAUSED = "paused"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class InvocationName:
    """A name of an invocation other than its id: an idempotency key, or a workflow id.

    Args:
        service: the service.
        key: the object key or workflow id; None for a service.
        handler: the handler; None for the run of a workflow.
        idempotency_key: the idempotency key; None for the run of a workflow.
        scope: the scope.
    """

    service: str
    key: str | None
    handler: str | None
    idempotency_key: str | None
    scope: str | None


class OpenAttempt(Protocol):
    """What an invocation knows of its running attempt."""

    def send(self, message: Frame) -> None:
        """Send more of the request, if it has not ended."""
        ...

    def abort(self, reason: str) -> None:
        """Note that the stream is gone."""
        ...


@dataclass(eq=False, slots=True)
class Invocation:
    """One invocation.

    Args:
        id: its id, `inv_1...`.
        raw_id: the id as bytes, as in the start message.
        handler: the handler.
        key: the object key or workflow id; "" for a service.
        payload: the request.
        headers: the headers of the request.
        name: its name other than the id, if it has one.
        scope: its scope.
        limit_key: its limit key.
        seed: the seed of its random numbers.

    Attributes:
        status: its status.
        journal: its entries: the input, then commands and notifications in their order.
        arrived: the ids of the notifications in the journal; the value is False for failures.
        awaited: what a suspended invocation waits for.
        attempt: the running attempt.
        restarted_from: the invocation that it repeats.
        failures: how many attempts have failed since the journal last grew.
        failing_since: when the first of those began, in milliseconds since the Unix epoch.
        last_failure: the failure of the last of them.
        begins_at: when it was to begin, in milliseconds since the Unix epoch; None if at once.
        timer: begins or retries it.
        outcome: the result or failure that it ended with.
        expires_at: until when it is kept then, in milliseconds since the Unix epoch.
        waiters: called when it has ended.
        timers: the timers of its sleeps.
    """

    id: str
    raw_id: bytes
    handler: Handler
    key: str
    payload: bytes
    headers: tuple[tuple[str, str], ...]
    name: InvocationName | None
    scope: str | None
    limit_key: str | None
    seed: int
    status: Status = Status.PENDING
    journal: list[Frame] = field(default_factory=list["Frame"])
    arrived: dict[NotificationId, bool] = field(default_factory=dict["NotificationId", bool])
    awaited: pb.SuspensionMessage | None = None
    attempt: OpenAttempt | None = None
    restarted_from: str | None = None
    failures: int = 0
    failing_since: int = 0
    last_failure: Failure | None = None
    begins_at: int | None = None
    timer: Timer | None = None
    outcome: Outcome | None = None
    expires_at: int = 0
    waiters: list[Callable[[Outcome], None]] = field(default_factory=list[Any])
    timers: list[Timer] = field(default_factory=list["Timer"])

    @property
    def target(self) -> str:
        """The handler with its key, as `shop.v1.Cart/ada/AddTicket`."""
        key = f"/{self.key}" if self.handler.is_keyed else ""
        return f"{self.handler.service}{key}/{self.handler.name}"

    @property
    def lock(self) -> Lock:
        """The lock of an exclusive handler, and where its state is."""
        return self.handler.service, self.key, self.scope
