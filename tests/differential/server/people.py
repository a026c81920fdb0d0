"""What people do to a program from outside: over the ingress and the admin API."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Target, TerminalError
from restate_proto.ingress.errors import IngressError
from restate_proto.ingress.requests import (
    AdminAction,
    HttpRequest,
    invocation_action_request,
)
from tests.differential.server.process import draw_scope, request
from tests.differential.server.record import IDS
from tests.differential.server.refused import refused_requests
from tests.integration.scripted_services import Place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restate_proto.ingress.handle import IngressInvocationHandle
    from tests.differential.server.sides import Side

__all__ = ["People", "Played"]

_DETAILS: Final = re.compile("(?<=ISO8601 duration): .*")
"""What the server's parser says of a duration that is none."""

_OBJECTS: Final = (Place.OBJECT, Place.OBJECT_SHARED)
_HANDLERS: Final = {
    Place.SERVICE: ("Clerk", "Perform"),
    Place.OBJECT: ("Account", "Perform"),
    Place.OBJECT_SHARED: ("Account", "Observe"),
    Place.WORKFLOW: ("Journey", "Run"),
    Place.WORKFLOW_SHARED: ("Journey", "Observe"),
}


@dataclass
class Played:
    """What came of a program.

    Args:
        log: what people did, and what they were told.
        roots: the ids of the invocations that they have begun.
    """

    log: list[str] = field(default_factory=list[str])
    roots: list[str] = field(default_factory=list[str])


class People:
    """Those who have one program played.

    Args:
        side: the server.
        seed: what the program, and what they do with it, is drawn from.
        version: the service protocol version.
        scopes: whether what they and the program call has scopes and limit keys.
    """

    def __init__(self, side: Side, seed: int, version: int, *, scopes: bool = False) -> None:
        self._side = side
        self._seed = seed
        self._draw = Random(seed)
        self._version = version
        self._place = self._draw.choice(list(Place))
        self._name = f"p{seed}"
        self._scopes = scopes
        self._scope, self._limit_key = draw_scope(self._draw) if scopes else (None, None)
        self._options: dict[str, Any] = {}
        self._handle: Any = None
        self._id = ""
        self._is_stopped = False
        self._waits_for = "the server to take its program"
        self._played = Played()

    async def play(self) -> Played:
        """Do all of it."""
        course = self._draw.random()
        if course < 0.4:
            await self._begin()
        elif course < 0.8:
            await self._disturb()
        elif course < 0.9:
            await self._schedule()
        else:
            await self._ask_for_what_is_refused()
        if self._id:
            await self._do(self.attach)
            after = [self.attach, self.output, *self._after(), *self._actions(AdminAction)]
            for _ in range(self._draw.randrange(3)):
                await self._do(self._draw.choice(after))
        return self._played

    def waits_for(self) -> str:
        """What has to come before they go on."""
        done = ", ".join(self._played.log)
        return f"{self._name} ({', '.join(self._played.roots)}) waits for {self._waits_for}; {done}"

    async def _do(self, act: Callable[[], Awaitable[object]]) -> None:
        self._waits_for = f"the answer to {act.__name__}"
        try:
            said = str(await act())
        except TerminalError as error:
            said = f"[{error.code}] {error.message} {dict(error.metadata)}"
        except IngressError as error:
            said = f"{error.status} {_DETAILS.sub('', error.reason or '')}"
        self._played.log.append(f"{act.__name__}: {IDS.sub('<id>', said)}")

    # ---- What they begin with ----

    async def _begin(self, **options: int) -> None:
        """Have a program played."""
        if self._place is not Place.WORKFLOW and self._draw.random() < 0.3:
            self._options["idempotency_key"] = f"once {self._name}"
        self._handle = await self._send(self._place, self._name, options, **self._options)
        self._id = await self._handle.invocation_id()
        self._played.roots.append(self._id)

    async def _send(
        self, place: Place, name: str, options: dict[str, int], **more: Any
    ) -> IngressInvocationHandle[Parcel]:
        if self._scopes:
            options = {**options, "scopes": 1}
        script = request(self._seed, place, name=name, **options)
        return await self._side.client.send(
            self._target(place), script, Parcel, limit_key=self._limit_key, **more
        )

    def _target(self, place: Place) -> Target:
        service, handler = _HANDLERS[place]
        key = None if place is Place.SERVICE else self._name
        return Target(f"conformance.v1.{service}", handler, key, self._scope)

    async def _disturb(self) -> None:
        """The program waits for them in the end: before they bring that, they do other things."""
        pauses = self._version >= 7 and self._draw.random() < 0.2
        await self._begin(parks=1, **({"pauses": 1} if pauses else {}))
        if pauses:
            self._waits_for = "the status paused, after a run that pauses it"
            await self._side.paused(self._id)
            await self._do(self._action(AdminAction.RESUME))
        self._waits_for = "the awakeable of its program"
        awakeable = await self._side.parked(self._name)
        refused = self._actions((AdminAction.PURGE, AdminAction.RESTART_AS_NEW))
        meanwhile = [
            self.output, self.pause_and_resume, *self._by_name(), *refused, *self._visits(),
        ]  # fmt: skip
        for _ in range(self._draw.randrange(3)):
            await self._do(self._draw.choice(meanwhile))

        async def resolve() -> None:
            await self._side.client.resolve_awakeable(awakeable, Parcel(text="from outside"))

        async def reject() -> None:
            await self._side.client.reject_awakeable(awakeable, "no")

        end = self._draw.choice((resolve, resolve, reject, None, None, None))
        is_paused = self._draw.random() < 0.4
        if is_paused:
            await self._do(self.pause)
            is_paused = self._played.log[-1] == "pause: 202"  # what is suspended goes on by itself
        if end is None:
            ending = self._draw.choice((AdminAction.CANCEL, AdminAction.KILL))
            self._is_stopped = True
            await self._do(self._action(ending))
        else:
            await self._do(end)
            if is_paused:
                await self._do(self._action(AdminAction.RESUME))

    async def _schedule(self) -> None:
        """A program that is to begin in an hour does not, or it begins soon."""
        self._options["delay"] = timedelta(milliseconds=2)
        if self._draw.random() < 0.3:
            await self._begin()
            return
        self._options["delay"] = timedelta(hours=1)
        await self._begin()
        for _ in range(self._draw.randrange(3)):
            pending = set(AdminAction) - {AdminAction.CANCEL, AdminAction.KILL}
            ordered = [each for each in AdminAction if each in pending]
            acts = [self.output, *self._by_name(), *self._actions(ordered)]
            await self._do(self._draw.choice(acts))
        ending = self._draw.choice((AdminAction.CANCEL, AdminAction.KILL))
        await self._do(self._action(ending))

    async def _ask_for_what_is_refused(self) -> None:
        for _ in range(3):
            asked = self._draw.choice(refused_requests(self._name))
            self._played.log.append(asked.what)

            async def ask(asked: HttpRequest = asked) -> str:
                response = await self._side.client.senders.ingress.send(asked)
                return f"{response.status} {response.body!r}"

            await self._do(ask)

    # ---- What they do ----

    async def attach(self) -> str:
        return (await self._handle.attach()).text

    async def output(self) -> str:
        found = await self._handle.output()
        return "not ready" if found is None else found.text

    async def pause(self) -> str:
        self._waits_for = "a status in which a pause reaches it"
        await self._side.settled(self._id)
        status = await self._act(AdminAction.PAUSE)
        if status == "202":
            self._waits_for = "the status paused, after an accepted pause"
            await self._side.paused(self._id)
        return status

    async def pause_and_resume(self) -> str:
        return f"{await self.pause()} {await self._act(AdminAction.RESUME)}"

    async def _act(self, action: AdminAction) -> str:
        options: dict[str, str] = {}
        if action is AdminAction.RESTART_AS_NEW:
            options["from"] = str(await self._restart_index(self._draw.randrange(9)))
        admin = self._side.client.senders.admin
        assert admin is not None
        response = await admin.send(invocation_action_request(action, self._id, **options))
        if action is AdminAction.RESTART_AS_NEW:
            new = json.loads(response.body)["new_invocation_id"]
            self._played.roots.append(new)
            return f"{response.status} {await self._result_of(new)}"
        return f"{response.status}"

    async def _restart_index(self, number: int) -> int:
        """Where a command is in the journal, or the last one before those that name the invocation.

        For 0 it is where no journal has anything.
        Of one that was stopped only the input is kept: whether the result of what it called came before
        its end is left to chance.
        """
        if number == 0:
            return 1000
        found = 0
        if self._is_stopped:
            return found
        for index, type_ in (await self._side.commands(self._id))[:number]:
            if "Signal" in type_ or "Awakeable" in type_:
                break
            found = index
        return found

    async def _result_of(self, id_: str) -> str:
        """What an invocation ends with; what it waits for outside, it is given."""
        result = asyncio.ensure_future(self._side.client.invocation(id_, Parcel).attach())
        while True:
            parked = asyncio.ensure_future(self._side.process.parked(self._name))
            await asyncio.wait((result, parked), return_when=asyncio.FIRST_COMPLETED)
            if not parked.done():
                parked.cancel()
                return (await result).text
            client = self._side.client
            await client.resolve_awakeable(parked.result(), Parcel(text="once more"))

    def _action(self, action: AdminAction) -> Callable[[], Awaitable[object]]:
        async def act() -> object:
            return await self._act(action)

        act.__name__ = action.value
        return act

    def _actions(self, actions: Any) -> list[Callable[[], Awaitable[object]]]:
        return [self._action(each) for each in actions]

    # ---- By another name, or beside it ----

    def _by_name(self) -> list[Callable[[], Awaitable[object]]]:
        """What else names it, where something does."""
        is_named = self._place is Place.WORKFLOW or "idempotency_key" in self._options
        return [self.again, self.look_up] if is_named else []

    def _after(self) -> list[Callable[[], Awaitable[object]]]:
        """What they ask for by that name when it has ended, whatever they have done to it since."""
        named = self._by_name()
        return [*named, self.attach_by_name, self.output_by_name] if named else []

    async def again(self) -> str:
        """Sent once more, it is the same."""
        options = {key: value for key, value in self._options.items() if key != "delay"}
        handle = await self._send(self._place, self._name, {}, **options)
        is_same = await handle.invocation_id() == self._id
        if not is_same:
            self._played.roots.append(await handle.invocation_id())
        if handle.accepted:  # how far it has come when they do the next thing, is left to chance
            with suppress(TerminalError):
                await handle.attach()
        return f"accepted: {handle.accepted}, the same: {is_same}"

    async def look_up(self) -> str:
        """The id that Restate has for its name."""
        return f"the same: {await self._named().invocation_id() == self._id}"

    async def attach_by_name(self) -> str:
        return (await self._named().attach()).text

    async def output_by_name(self) -> str:
        found = await self._named().output()
        return "not ready" if found is None else found.text

    def _named(self) -> IngressInvocationHandle[Parcel]:
        client, key = self._side.client, self._options.get("idempotency_key", "")
        if self._place is Place.WORKFLOW:
            return client.workflow("conformance.v1.Journey", self._name, Parcel, scope=self._scope)
        return client.idempotent_invocation(self._target(self._place), key, Parcel)

    def _visits(self) -> list[Callable[[], Awaitable[object]]]:
        """A shared handler of the same key."""
        if self._place in _OBJECTS:
            return [self.visit]
        return [self.visit, self.decide] if self._place is Place.WORKFLOW else []

    async def visit(self) -> str:
        place = Place.OBJECT_SHARED if self._place in _OBJECTS else Place.WORKFLOW_SHARED
        name = f"{self._name}.visit{len(self._played.log)}"
        handle = await self._send(place, name, {"depth": 2})
        self._played.roots.append(await handle.invocation_id())
        return (await handle.attach()).text

    async def decide(self) -> None:
        target = Target("conformance.v1.Journey", "Decide", self._name, self._scope)
        await self._side.client.call(target, Parcel(text="decided outside"), bytes)
