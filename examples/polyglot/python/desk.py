"""The desks of the Python team, and its visits to others: typed keys and errors, rules, raw bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from buf.validate.validate_pb2 import Violations
from polyglot.golang.v1 import desk_restate as golang
from polyglot.java.v1 import desk_restate as java
from polyglot.kotlin.v1 import desk_restate as kotlin
from polyglot.python.v1 import desk_restate as python
from polyglot.typescript.v1 import desk_restate as typescript
from polyglot.values.v1.desk_pb2 import (
    ERRAND_ASK,
    ERRAND_REGISTER,
    ERRAND_SCAN,
    DeskKey,
    DeskView,
    Guest,
    Refused,
    VisitReport,
    VisitRequest,
)
from polyglot.values.v1.values_pb2 import (
    LANGUAGE_GO,
    LANGUAGE_JAVA,
    LANGUAGE_KOTLIN,
    LANGUAGE_PYTHON,
    LANGUAGE_TYPESCRIPT,
)

from restate_proto import (
    Context,
    DetailedError,
    IngressClient,
    ObjectContext,
    ObjectSharedContext,
    TerminalError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable


class Desk(python.DeskBase):
    async def look(self, ctx: ObjectSharedContext) -> DeskView:
        return DeskView(language="python", text=ctx.key, key=self.KEY.of(ctx))

    async def ask(self, ctx: ObjectContext, request: Refused) -> None:
        raise python.RefusedError(request, f"refused: {request.reason}")

    async def register(self, ctx: ObjectContext, request: Guest) -> None:
        pass

    async def scan(self, ctx: ObjectContext, request: bytes) -> bytes:
        return request[::-1]


class Visitor(python.VisitorBase):
    async def visit(self, ctx: Context, request: VisitRequest) -> VisitReport:
        team = TEAMS[request.callee]
        return await visit(team.desk.from_context(ctx, request.key), team, request)


async def visit_from_outside(client: IngressClient, request: VisitRequest) -> VisitReport:
    team = TEAMS[request.callee]
    return await visit(team.desk.from_client(client, request.key), team, request)


async def visit(desk: AnyDesk, team: Team, request: VisitRequest) -> VisitReport:
    report = VisitReport()
    try:
        if request.errand == ERRAND_ASK:
            await desk.ask(request.refused)
        elif request.errand == ERRAND_REGISTER:
            await desk.register(request.guest)
        elif request.errand == ERRAND_SCAN:
            report.image = await desk.scan(request.document)
        else:
            report.seen.CopyFrom(await desk.look())
    except team.refused as error:
        report.code, report.text = error.code, error.message
        report.refused.CopyFrom(error.detail)
    except team.violations as error:
        report.code, report.text = error.code, error.message
        report.broken_rules.extend(each.rule_id for each in error.detail.violations)
    except TerminalError as error:
        report.code, report.text = error.code, error.message
    return report


# What the generated clients of all teams have in common, in handlers and outside.


class AnyDesk(Protocol):
    def look(self) -> Awaitable[DeskView]: ...
    def ask(self, request: Refused) -> Awaitable[None]: ...
    def register(self, request: Guest) -> Awaitable[None]: ...
    def scan(self, request: bytes) -> Awaitable[bytes]: ...


class DeskClient(Protocol):
    @classmethod
    def from_context(cls, ctx: Context, key: DeskKey) -> AnyDesk: ...
    @staticmethod
    def from_client(client: IngressClient, key: DeskKey) -> AnyDesk: ...


@dataclass(frozen=True)
class Team:
    """The clients of a team's desks, and the errors that these fail with."""

    desk: type[DeskClient]
    refused: type[DetailedError[Refused]]
    violations: type[DetailedError[Violations]]


TEAMS: Final = {
    LANGUAGE_PYTHON: Team(python.DeskClient, python.RefusedError, python.ViolationsError),
    LANGUAGE_JAVA: Team(java.DeskClient, java.RefusedError, java.ViolationsError),
    LANGUAGE_KOTLIN: Team(kotlin.DeskClient, kotlin.RefusedError, kotlin.ViolationsError),
    LANGUAGE_GO: Team(golang.DeskClient, golang.RefusedError, golang.ViolationsError),
    LANGUAGE_TYPESCRIPT: Team(
        typescript.DeskClient, typescript.RefusedError, typescript.ViolationsError
    ),
}
