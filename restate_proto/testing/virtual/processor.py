"""The server's side of all invocations: begins them, serializes exclusive ones, keeps results."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Protocol

from restate_proto.testing.virtual.ids import id_of_name, new_invocation_id
from restate_proto.testing.virtual.invocation import (
    Invocation,
    InvocationName,
    Outcome,
    Status,
)
from restate_proto.testing.virtual.notifications import input_entry, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from random import Random

    from restate_proto.protocol.frames import Frame
    from restate_proto.testing.virtual.catalogue import Catalogue, Handler
    from restate_proto.testing.virtual.invocation import Lock
    from restate_proto.testing.virtual.steps import Steps
    from restate_proto.testing.virtual.timeline import Timeline

__all__ = ["Attempts", "Processor", "stored_order"]


class Attempts(Protocol):
    """What the processor needs of the `Invoker`, which makes the attempts.

    Attributes:
        version: the service protocol version.
    """

    version: int

    def start(self, invocation: Invocation) -> None:
        """Make an attempt after the present step."""
        ...

    def notified(self, invocation: Invocation, notification: Frame) -> None:
        """Pass a notification that is now in the journal of an invocation to its attempt."""
        ...

    def abort(self, invocation: Invocation, reason: str) -> None:
        """Cut off the attempt of an invocation, if there is one."""
        ...


class Processor:
    """All invocations of a server, the state of its objects, and the promises of its workflows.

    Args:
        catalogue: the handlers.
        timeline: the time.
        steps: the queue of steps.
        random: generates ids and seeds.

    Attributes:
        invocations: all that are kept, by id, in the order of their arrival.
        states: the state of each object and workflow.
        promises: the values and failures of completed promises, by workflow and name.
        promise_waiters: called when a promise is completed.
        invoker: makes the attempts.
    """

    invoker: Attempts

    def __init__(
        self, catalogue: Catalogue, timeline: Timeline, steps: Steps, random: Random
    ) -> None:
        self.catalogue = catalogue
        self.timeline = timeline
        self.steps = steps
        self.invocations: dict[str, Invocation] = {}
        self.states: defaultdict[Lock, dict[bytes, bytes]] = defaultdict(dict)
        self.promises: dict[tuple[Lock, str], Outcome] = {}
        self.promise_waiters: dict[tuple[Lock, str], list[Callable[[Outcome], None]]] = {}
        self._random = random
        self._by_raw_id: dict[bytes, Invocation] = {}
        self._named: dict[InvocationName, Invocation] = {}
        self._running: dict[Lock, Invocation] = {}
        self._inboxes: defaultdict[Lock, deque[Invocation]] = defaultdict(deque)

    # ---- Which invocations there are ----

    def named(self, name: InvocationName) -> Invocation | None:
        """Return the invocation with a name; None if none is kept."""
        return self._named.get(name)

    def by_raw_id(self, raw_id: bytes) -> Invocation | None:
        """Return the invocation with these bytes as its id."""
        return self._by_raw_id.get(raw_id)

    def submit(
        self,
        handler: Handler,
        key: str,
        payload: bytes,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        idempotency_key: str | None = None,
        scope: str | None = None,
        limit_key: str | None = None,
        at: int | None = None,
    ) -> tuple[Invocation, bool]:
        """Accept an invocation.

        Args:
            handler: the handler.
            key: the object key or workflow id; "" for a service.
            payload: the request.
            headers: its headers.
            idempotency_key: its idempotency key.
            scope: its scope.
            limit_key: its limit key.
            at: when it should begin, in milliseconds since the Unix epoch; a past time and None both
                mean at once.

        Returns:
            The invocation, and whether it is new: it is not if an invocation with its name exists.
        """
        name = _name_of(handler, key, idempotency_key, scope)
        if name is not None and name in self._named:
            return self._named[name], False
        id_, raw_id = new_invocation_id(self._random) if name is None else id_of_name(name)
        seed = self._random.getrandbits(64)
        invocation = Invocation(
            id_, raw_id, handler, key, payload, headers, name, scope, limit_key, seed
        )
        invocation.journal.append(input_entry(payload, headers))
        self._keep(invocation)
        invocation.begins_at = at
        if at is not None and at > self.timeline.now:
            invocation.status = Status.SCHEDULED
            invocation.timer = self.timeline.at(at, lambda: self._enqueue(invocation))
        else:
            self._enqueue(invocation)
        return invocation, True

    def restart(self, old: Invocation, prefix: list[Frame]) -> Invocation:
        """Invoke a handler again, with the beginning of an ended invocation's journal.

        Args:
            old: the invocation.
            prefix: the entries that the new one begins with.
        """
        id_, raw_id = new_invocation_id(self._random)
        new = Invocation(
            id_, raw_id, old.handler, old.key, old.payload, old.headers, None, old.scope,
            old.limit_key, old.seed,
        )  # fmt: skip
        new.restarted_from = old.id
        for entry in prefix:
            self._append(new, entry)
        self._keep(new)
        self._enqueue(new)
        return new

    def _keep(self, invocation: Invocation) -> None:
        self.invocations[invocation.id] = invocation
        self._by_raw_id[invocation.raw_id] = invocation
        if invocation.name is not None:
            self._named[invocation.name] = invocation

    # ---- Whose turn it is ----

    def _enqueue(self, invocation: Invocation) -> None:
        invocation.timer = None
        if invocation.handler.is_exclusive:
            invocation.status = Status.PENDING
            self._inboxes[invocation.lock].append(invocation)
            self._ask_for_next(invocation.lock)
        else:
            self.invoker.start(invocation)

    def _ask_for_next(self, lock: Lock) -> None:
        if lock not in self._running and self._inboxes[lock]:
            invocation = self._inboxes[lock].popleft()
            self._running[lock] = invocation
            self.invoker.start(invocation)

    def owner_of(self, lock: Lock) -> Invocation | None:
        """Return the invocation that holds the lock of a key."""
        return self._running.get(lock)

    def withdraw(self, invocation: Invocation) -> None:
        """Keep an invocation from beginning, be it at its time or when it is its turn."""
        if invocation.timer is not None:
            invocation.timer.cancel()
            invocation.timer = None
        if invocation.status is Status.PENDING:
            self._inboxes[invocation.lock].remove(invocation)

    # ---- What happens to an invocation ----

    def notify(self, invocation: Invocation, notification: Frame) -> None:
        """Add a notification to the journal of an invocation that has begun, and tell its handler."""
        if invocation.status in {Status.SCHEDULED, Status.PENDING, Status.COMPLETED}:
            return
        self._append(invocation, notification)
        self.invoker.notified(invocation, notification)

    def notify_later(self, invocation: Invocation, notification: Frame, sender: Invocation) -> None:
        """Notify an invocation in a later step.

        Args:
            invocation: the invocation to notify.
            notification: the notification.
            sender: the invocation that causes it; what it sends to another arrives in order.
        """
        self.steps.add(lambda: self.notify(invocation, notification), sender.id)

    def store_run(self, invocation: Invocation, completion: Frame) -> None:
        """Add the result of a run to the journal."""
        self._append(invocation, completion)

    def _append(self, invocation: Invocation, entry: Frame) -> None:
        invocation.journal.append(entry)
        notification = read(entry)
        if notification is not None:
            invocation.arrived[notification[0]] = notification[1]

    def end(self, invocation: Invocation, outcome: Outcome) -> None:
        """End an invocation: tell those that wait for it, and begin the next one on its key."""
        if invocation.outcome is not None:
            return
        handler = invocation.handler
        kept = handler.journal_retention if invocation.name is None else handler.retention
        invocation.outcome = outcome
        invocation.expires_at = self.timeline.now + kept
        invocation.status = Status.COMPLETED
        for timer in invocation.timers:
            timer.cancel()
        waiters, invocation.waiters = invocation.waiters, []
        for waiter in waiters:
            waiter(outcome)
        lock = invocation.lock
        if self._running.get(lock) is invocation:
            del self._running[lock]
            self.steps.add(lambda: self._ask_for_next(lock))
        if kept:
            expire = lambda: self.forget(invocation)  # noqa: E731
            self.timeline.at(invocation.expires_at, expire, is_awaited=False)
        else:
            self.forget(invocation)

    def when_ended(self, invocation: Invocation, waiter: Callable[[Outcome], None]) -> None:
        """Call something with the outcome of an invocation, now or once it has ended."""
        if invocation.outcome is None:
            invocation.waiters.append(waiter)
        else:
            waiter(invocation.outcome)

    def forget(self, invocation: Invocation) -> None:
        """Forget an invocation that has ended."""
        if self.invocations.get(invocation.id) is not invocation:
            return  # purged: another one may have its name, and so its id
        del self.invocations[invocation.id]
        del self._by_raw_id[invocation.raw_id]
        if invocation.name is not None:
            del self._named[invocation.name]
            if invocation.handler.is_run:
                self.states.pop(invocation.lock, None)
                for key in [key for key in self.promises if key[0] == invocation.lock]:
                    del self.promises[key]


def stored_order(keys: Iterable[bytes]) -> list[bytes]:
    """Return state keys in the order in which restate-server stores them: shorter ones first."""
    return sorted(keys, key=lambda key: (len(key), key))


def _name_of(
    handler: Handler, key: str, idempotency_key: str | None, scope: str | None
) -> InvocationName | None:
    if handler.is_run:
        return InvocationName(handler.service, key, None, None, scope)
    if idempotency_key is None:
        return None
    own_key = key if handler.is_keyed else None
    return InvocationName(handler.service, own_key, handler.name, idempotency_key, scope)
