"""`VirtualRestate`: a server in the test's process, whose time skips when nothing else can run."""

from __future__ import annotations

import asyncio
import math
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar, Unpack

from restate_proto.endpoint.endpoint import Endpoint
from restate_proto.ingress.handle import IngressInvocationHandle
from restate_proto.model.arguments import check_number, check_string
from restate_proto.model.payload_codec import payload_codecs
from restate_proto.runtime import Scheduling
from restate_proto.testing.journals.collecting import save_if_asked
from restate_proto.testing.virtual import actions
from restate_proto.testing.virtual.admin import VirtualAdmin
from restate_proto.testing.virtual.catalogue import Catalogue
from restate_proto.testing.virtual.client import VirtualClient
from restate_proto.testing.virtual.faults import Faults
from restate_proto.testing.virtual.ingress import VirtualIngress, find
from restate_proto.testing.virtual.invocation_row import invocation_row
from restate_proto.testing.virtual.invoker import Invoker
from restate_proto.testing.virtual.journal_text import journal_of
from restate_proto.testing.virtual.object_state import read_state, write_state
from restate_proto.testing.virtual.options import check_advance, check_options
from restate_proto.testing.virtual.processor import Processor
from restate_proto.testing.virtual.recording import recorded
from restate_proto.testing.virtual.steps import Steps
from restate_proto.testing.virtual.stuck import stuck_error
from restate_proto.testing.virtual.timeline import Timeline
from restate_proto.testing.virtual.turns import Turns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable
    from types import TracebackType

    from restate_proto.ingress.client import IngressClient
    from restate_proto.ingress.client_options import ClientOptions
    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.model.keys import StateKey
    from restate_proto.model.service import ServiceBase
    from restate_proto.runtime.threads import ThreadPool
    from restate_proto.testing.virtual.invocation import Invocation
    from restate_proto.testing.virtual.journal_text import InvocationJournal

__all__ = ["VirtualRestate"]

T = TypeVar("T")

InvocationOrId: TypeAlias = "IngressInvocationHandle[Any] | str"

_MILLISECOND = timedelta(milliseconds=1)
_MANY = 2**31


class VirtualRestate:
    """A Restate server in this process, for tests: no sockets, and time that skips.

    ```python
    async with VirtualRestate(Endpoint(Cart(), Ticket())) as env:
        cart = CartClient.from_client(env.client, "ada")
        await cart.send().expire_ticket(request, delay=timedelta(days=5))
        await env.advance(timedelta(days=5))
        assert await env.state(CartBase, "ada", CartBase.TICKETS) is None
    ```

    The endpoint's handlers run as on a real server: they receive the bytes of the service protocol
    and answer with its bytes. Durability is missing: everything ends with the context.

    Time stands still while anything runs. When nothing can go on and the test waits for a result,
    time skips to the next timer, delayed message or retry. If there is none, the wait fails with a
    `StuckError` that says what each invocation waits for.

    Args:
        endpoint: the endpoint.
        replay: "never" keeps a handler while it waits; "always" suspends it at each wait, so that
            everything it does is replayed.
        state: how much of an object's state an attempt is sent; it has to ask for the rest.
            Handlers with `lazy_state` are sent none in any case.
        version: the service protocol version, 5 to 7; by default the endpoint's newest.
        seed: determines ids and the random numbers of handlers.
        start: the time at which it begins, with a time zone; by default the present.
        patience: how long a wait goes on for something that only the outside can bring, such as an
            awakeable that a thread resolves, before it fails. If all tasks of the event loop wait
            for this server, it fails at once.

    Attributes:
        client: a client of the server.

    Raises:
        TypeError: an argument is of a wrong type.
        ValueError: there is no such version or choice, or the time has no time zone.
    """

    client: IngressClient

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        replay: Literal["never", "always"] = "never",
        state: Literal["eager", "partial", "lazy"] = "eager",
        version: int | None = None,
        seed: int = 0,
        start: datetime | None = None,
        patience: timedelta = timedelta(seconds=2),
    ) -> None:
        check_options(endpoint, replay, state, version, start, patience)
        self._endpoint = endpoint
        self._replay = replay
        self._version = version
        self._random = Random(seed)  # noqa: S311 - repeatable by design
        now = datetime.now(UTC) if start is None else start
        self._timeline = Timeline(round(now.timestamp() * 1000))
        self._patience = patience
        self._faults = self._new_faults(state)
        self._stored = payload_codecs("VirtualRestate", endpoint.payload_codec)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Begin to serve the endpoint.

        Raises:
            LifespanError: the lifespan or a service of the endpoint could not be set up.
        """
        faults, timeline = self._faults, self._timeline
        endpoint = self._endpoint.without_identity().with_interceptors(faults)
        # No real clock influences the order of events, so that a seed always has the same course.
        scheduling = Scheduling(
            clock=timeline.seconds,
            turn_seconds=math.inf,
            threads=self._new_threads() or endpoint.application.scheduling.threads,
        )
        application = replace(endpoint.application, scheduling=scheduling)
        routes = await self._stack.enter_async_context(application.open())
        steps = Steps(self._order())
        catalogue = Catalogue(endpoint.manifest)
        self._processor = processor = Processor(catalogue, timeline, steps, self._random)
        processor.invoker = self._invoker = Invoker(
            processor,
            routes.entrance,
            self._version or catalogue.version,
            always_suspends=self._replay == "always" or not catalogue.is_bidirectional,
            faults=faults,
        )
        self._turns = turns = Turns(
            asyncio.get_running_loop(),
            timeline,
            run_steps=steps.run,
            is_at_rest=self._is_at_rest,
            describe_stuck=self._describe_stuck,
            patience=self._patience.total_seconds(),
        )
        steps.on_step = turns.look
        self.client = self.new_client(payload_codec=endpoint.payload_codec)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End everything that runs; save the journals first, as `restate_environment` does."""
        if exc is None:
            save_if_asked(self.recorded)
        self._turns.close()
        for attempt in list(self._invoker.attempts.values()):
            attempt.abort("the test has ended")
        await self._stack.aclose()

    def _new_faults(self, state: Literal["eager", "partial", "lazy"]) -> Faults:
        """Return the faults to inject."""
        return Faults(state)

    def _new_threads(self) -> ThreadPool | None:
        """Return the pool for ordinary functions; None leaves that to the endpoint."""
        return None

    def _order(self) -> Random | None:
        """Return the generator that orders unordered things; None keeps the order of arrival."""
        return None

    def new_client(self, **options: Unpack[ClientOptions]) -> IngressClient:
        """Return another client of the server.

        Args:
            **options: the options of `IngressClient`.
        """
        new_future = asyncio.get_running_loop().create_future
        ingress = VirtualIngress(self._processor, new_future, self._turns.wait_for)
        return VirtualClient(ingress, VirtualAdmin(self._processor), **options)

    # ---- Time ----

    @property
    def now(self) -> datetime:
        """The present virtual time."""
        return datetime.fromtimestamp(self._timeline.seconds(), UTC)

    async def advance(self, duration: timedelta) -> None:
        """Let time pass; everything that is due in the meantime happens, in its order.

        Args:
            duration: how long; zero only waits until nothing can go on without time.

        Raises:
            TypeError: it is not a `timedelta`.
            ValueError: it is negative.
        """
        check_advance(duration)
        await self._turns.advance(duration // _MILLISECOND)

    async def until(self, awaitable: Awaitable[T]) -> T:
        """Wait for something that a handler does, while time may skip as for the result of a call.

        Args:
            awaitable: the awaitable, such as `event.wait()` of an `asyncio.Event` that a handler
                sets.

        Raises:
            StuckError: it can never be done.
        """
        return await self._turns.until(awaitable)

    def _is_at_rest(self) -> bool:
        is_postponed = any(attempt.is_postponed for attempt in self._invoker.attempts.values())
        return not (is_postponed or self._faults.running)

    def _describe_stuck(self) -> Exception | None:
        """Return why nothing can go on; None if a handler says only now what it waits for."""
        if self._invoker.end_inputs():
            return None
        return stuck_error(self._processor, self._faults.errors)

    # ---- Invocations ----

    def invocations(self) -> list[str]:
        """Return the ids of all invocations that are kept, in the order of their arrival."""
        return list(self._processor.invocations)

    def describe(self, invocation: InvocationOrId) -> dict[str, Any]:
        """Return the row of an invocation in Restate's `sys_invocation`.

        Args:
            invocation: its handle or its id.

        Raises:
            KeyError: there is no such invocation.
        """
        return invocation_row(self._find(invocation), self._invoker.version)

    def journal(self, invocation: InvocationOrId) -> InvocationJournal:
        """Return the journal of an invocation; it prints as a tree with those of its callees.

        Args:
            invocation: its handle or its id.

        Raises:
            KeyError: there is no such invocation.
        """
        return journal_of(self._find(invocation), self._processor.invocations)

    def recorded(self, invocations: Iterable[InvocationOrId] | None = None) -> list[RawJournal]:
        """Return the journals of invocations, for `restate_proto.testing.replay`.

        Args:
            invocations: their handles or ids; by default all that are kept.

        Raises:
            KeyError: there is no such invocation.
        """
        version, now = self._invoker.version, self.now.isoformat()
        ids = self.invocations() if invocations is None else invocations
        return [recorded(self._find(each), version, now) for each in ids]

    def pause(self, invocation: InvocationOrId) -> None:
        """Make no further attempt of an invocation until it is resumed, like Restate's admin API.

        A suspended invocation stays suspended, and goes on once what it waits for has arrived.

        Args:
            invocation: its handle or its id.

        Raises:
            KeyError: there is no such invocation.
            ActionError: it has not begun, or it has ended.
        """
        actions.pause(self._processor, self._find(invocation))

    def resume(self, invocation: InvocationOrId) -> None:
        """Make an attempt now for an invocation that is paused, suspended or backing off.

        Takes the same arguments and raises the same errors as `pause`.
        """
        actions.resume(self._processor, self._find(invocation))

    def restart_as_new(self, invocation: InvocationOrId, *, from_entry: int = 0) -> str:
        """Invoke a handler again, with the beginning of an ended invocation's journal.

        Args:
            invocation: its handle or its id.
            from_entry: the index of the last entry to keep.

        Returns:
            The id of the new invocation.

        Raises:
            KeyError: there is no such invocation.
            ActionError: it has not ended, it belongs to a workflow, or it has no such entry.
        """
        old = self._find(invocation)
        return actions.restart_as_new(self._processor, old, from_entry).id

    def _find(self, invocation: InvocationOrId) -> Invocation:
        if isinstance(invocation, IngressInvocationHandle):
            found = find(self._processor, invocation.ref.fields())
            name = str(invocation.ref)
        else:
            found, name = self._processor.invocations.get(invocation), invocation
        if found is None:
            raise KeyError(f"{name}: there is no such invocation, or it is no longer kept")
        return found

    # ---- State ----

    async def state(
        self,
        service: type[ServiceBase],
        key: object,
        state: StateKey[T],
        *,
        scope: str | None = None,
    ) -> T | None:
        """Return the value of a state key; None if it has none.

        Args:
            service: the generated base of the object or workflow.
            key: the object key or workflow id, or the message of a typed key.
            state: the state key.
            scope: the scope of the object or workflow: each scope has objects of its own.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: the service has no state, or no such keys.
        """
        return read_state(self._processor, self._stored, service, key, state, scope)

    async def set_state(
        self,
        service: type[ServiceBase],
        key: object,
        state: StateKey[T],
        value: T,
        *,
        scope: str | None = None,
    ) -> None:
        """Set the value of a state key; the other arguments are those of `state`."""
        write_state(self._processor, self._stored, service, key, state, value, scope)

    # ---- Faults ----

    def crash_after(self, entries: int) -> None:
        """Cut off the next attempt whose journal reaches a length; Restate makes another one.

        Args:
            entries: how many entries, including the input.

        Raises:
            TypeError: it is not an integer.
            ValueError: it is less than 1.
        """
        check_number("VirtualRestate.crash_after", "entries", entries, 1, _MANY)
        self._faults.crash_at = entries

    def fail_run(self, name: str, times: int = 1) -> None:
        """Make run functions fail before they are called; Restate retries them like any failure.

        Args:
            name: the name of the runs.
            times: how often they fail; 0 undoes it.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: a negative number of times.
        """
        check_string("VirtualRestate.fail_run", "name", name)
        check_number("VirtualRestate.fail_run", "times", times, 0, _MANY)
        self._faults.failing_runs[name] = times
