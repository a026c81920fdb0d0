"""The Caller of the Python team, which calls the services of all teams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol, Self

from polyglot.golang.v1 import services_restate as golang
from polyglot.java.v1 import services_restate as java
from polyglot.kotlin.v1 import services_restate as kotlin
from polyglot.python.v1 import services_restate as python
from polyglot.typescript.v1 import services_restate as typescript
from polyglot.values.v1.values_pb2 import (
    ENCODING_BINARY,
    ENCODING_JSON,
    KIND_OBJECT,
    KIND_WORKFLOW,
    LANGUAGE_GO,
    LANGUAGE_JAVA,
    LANGUAGE_KOTLIN,
    LANGUAGE_PYTHON,
    LANGUAGE_TYPESCRIPT,
    MODE_SEND,
    CallReport,
    CallRequest,
    Values,
    View,
)
from services import view

from restate_proto import CallFuture, Context, InvocationHandle, TerminalError

DELAY = timedelta(milliseconds=10)


class Caller(python.CallerBase):
    async def call(self, ctx: Context, request: CallRequest) -> CallReport:
        team = TEAMS.get((request.callee, request.encoding))
        if team is None:
            raise TerminalError(f"no such team: {request.callee} in {request.encoding}", code=400)
        sends = request.mode == MODE_SEND
        report = CallReport()
        if request.kind == KIND_OBJECT:
            locker = team.locker.from_context(ctx, request.key)
            if sends:
                seen = await locker.send().keep(request.values, delay=DELAY).attach()
            else:
                seen = await locker.keep(request.values, idempotency_key=request.key)
            report.later_view.CopyFrom(await locker.look())
        elif request.kind == KIND_WORKFLOW:
            journey = team.journey.from_context(ctx, request.key)
            if sends:
                seen = await journey.send().run(request.values, delay=DELAY).attach()
            else:
                seen = await journey.run(request.values)
            report.later_view.CopyFrom(await journey.arrived())
        else:
            mirror = team.mirror.from_context(ctx)
            if sends:
                seen = await mirror.send().reflect(request.values, delay=DELAY).attach()
            else:
                seen = await mirror.reflect(request.values, idempotency_key=request.key)
        report.callee_view.CopyFrom(seen)
        report.caller_view.CopyFrom(view(seen.values, seen.encoding, request.key))
        return report


# What the generated clients of all teams have in common.


class MirrorClient(Protocol):
    @classmethod
    def from_context(cls, ctx: Context) -> Self: ...
    def reflect(self, request: Values, *, idempotency_key: str) -> CallFuture[View]: ...
    def send(self) -> MirrorSendClient: ...


class MirrorSendClient(Protocol):
    def reflect(self, request: Values, *, delay: timedelta) -> InvocationHandle[View]: ...


class LockerClient(Protocol):
    @classmethod
    def from_context(cls, ctx: Context, key: str) -> Self: ...
    def keep(self, request: Values, *, idempotency_key: str) -> CallFuture[View]: ...
    def look(self) -> CallFuture[View]: ...
    def send(self) -> LockerSendClient: ...


class LockerSendClient(Protocol):
    def keep(self, request: Values, *, delay: timedelta) -> InvocationHandle[View]: ...


class JourneyClient(Protocol):
    @classmethod
    def from_context(cls, ctx: Context, key: str) -> Self: ...
    def run(self, request: Values) -> CallFuture[View]: ...
    def arrived(self) -> CallFuture[View]: ...
    def send(self) -> JourneySendClient: ...


class JourneySendClient(Protocol):
    def run(self, request: Values, *, delay: timedelta) -> InvocationHandle[View]: ...


@dataclass(frozen=True)
class Team:
    """The clients of a team's services in one encoding."""

    mirror: type[MirrorClient]
    locker: type[LockerClient]
    journey: type[JourneyClient]


TEAMS: Final = {
    (LANGUAGE_PYTHON, ENCODING_BINARY): Team(
        python.MirrorClient, python.LockerClient, python.JourneyClient
    ),
    (LANGUAGE_PYTHON, ENCODING_JSON): Team(
        python.JsonMirrorClient, python.JsonLockerClient, python.JsonJourneyClient
    ),
    (LANGUAGE_JAVA, ENCODING_BINARY): Team(
        java.MirrorClient, java.LockerClient, java.JourneyClient
    ),
    (LANGUAGE_JAVA, ENCODING_JSON): Team(
        java.JsonMirrorClient, java.JsonLockerClient, java.JsonJourneyClient
    ),
    (LANGUAGE_KOTLIN, ENCODING_BINARY): Team(
        kotlin.MirrorClient, kotlin.LockerClient, kotlin.JourneyClient
    ),
    (LANGUAGE_KOTLIN, ENCODING_JSON): Team(
        kotlin.JsonMirrorClient, kotlin.JsonLockerClient, kotlin.JsonJourneyClient
    ),
    (LANGUAGE_GO, ENCODING_BINARY): Team(
        golang.MirrorClient, golang.LockerClient, golang.JourneyClient
    ),
    (LANGUAGE_GO, ENCODING_JSON): Team(
        golang.JsonMirrorClient, golang.JsonLockerClient, golang.JsonJourneyClient
    ),
    (LANGUAGE_TYPESCRIPT, ENCODING_BINARY): Team(
        typescript.MirrorClient, typescript.LockerClient, typescript.JourneyClient
    ),
    (LANGUAGE_TYPESCRIPT, ENCODING_JSON): Team(
        typescript.JsonMirrorClient, typescript.JsonLockerClient, typescript.JsonJourneyClient
    ),
}
