"""A workflow that waits for a person's approval: it reminds, and gives up after a week."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cookbook.v1.leave_pb2 import Decision, LeaveRequest, LeaveResponse
from cookbook.v1.leave_restate import LeaveBase
from restate_proto import TerminalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restate_proto import WorkflowContext, WorkflowSharedContext

REMINDER = timedelta(days=2)
DEADLINE = timedelta(days=7)


class Leave(LeaveBase):
    def __init__(self, mail: Callable[[str], Awaitable[None]]) -> None:
        self.mail = mail

    async def run(self, ctx: WorkflowContext, request: LeaveRequest) -> LeaveResponse:
        question = f"{request.who} asks for {request.days} days: {ctx.key}"
        await ctx.run("mail", self.mail, question)
        decision = ctx.promise(self.DECISION)
        try:
            try:
                made = await decision.or_timeout(REMINDER)
            except TimeoutError:
                await ctx.run("remind", self.mail, f"Reminder: {question}")
                made = await decision.or_timeout(DEADLINE - REMINDER)
        except TimeoutError:
            return LeaveResponse(approved=False, reason="nobody has decided")
        return LeaveResponse(approved=made.approved, reason=f"decided by {made.by}")

    async def decide(self, ctx: WorkflowSharedContext, request: Decision) -> None:
        if not request.by:
            raise TerminalError("who decides?", code=400)
        await ctx.promise(self.DECISION).resolve(request)
