"""A recurring job: an object that sends itself its next message with a delay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cookbook.v1.report_pb2 import Schedule, StartReportRequest, TickRequest
from cookbook.v1.report_restate import ReportBase, ReportClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restate_proto import ObjectContext


class Report(ReportBase):
    def __init__(self, send: Callable[[str, int], Awaitable[None]]) -> None:
        self.send = send

    async def start(self, ctx: ObjectContext, request: StartReportRequest) -> None:
        schedule = await ctx.get(self.SCHEDULE) or Schedule()
        # Ticks of the schedule before are on their way: a new generation, and they are ignored.
        schedule = Schedule(interval=request.interval, generation=schedule.generation + 1)
        ctx.set(self.SCHEDULE, schedule)
        self._send_tick(ctx, schedule)

    async def stop(self, ctx: ObjectContext) -> None:
        if schedule := await ctx.get(self.SCHEDULE):
            schedule.stopped = True
            schedule.generation += 1
            ctx.set(self.SCHEDULE, schedule)

    async def tick(self, ctx: ObjectContext, request: TickRequest) -> None:
        schedule = await ctx.get(self.SCHEDULE)
        if schedule is None or schedule.generation != request.generation:
            return
        # First the next one, so that a report which fails for good is not the last.
        self._send_tick(ctx, schedule)
        now = await ctx.time()
        await ctx.run("send", self.send, ctx.key, int(now.timestamp()))

    def _send_tick(self, ctx: ObjectContext, schedule: Schedule) -> None:
        tick = TickRequest(generation=schedule.generation)
        me = ReportClient.from_context(ctx, ctx.key)
        me.send().tick(tick, delay=schedule.interval.ToTimedelta())
