"""An agent: asks a model again with the results of its tools, until the model wants no more of them.

Each turn of the model and each tool call is recorded, so that a crash never repeats a turn that was
paid for.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cookbook.v1.assistant_pb2 import (
    Answer,
    History,
    Message,
    Question,
    ToolCall,
    ToolResult,
    Turn,
)
from cookbook.v1.assistant_restate import AssistantBase, ToolsBase, ToolsClient
from restate_proto import Context, ObjectContext, TerminalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

MAX_TURNS = 10


class Assistant(AssistantBase):
    def __init__(self, model: Callable[[History], Awaitable[Turn]]) -> None:
        self.model = model

    async def ask(self, ctx: ObjectContext, request: Question) -> Answer:
        history = await ctx.get(self.HISTORY) or History()
        history.messages.append(Message(user=request.text))
        for _ in range(MAX_TURNS):
            turn = await ctx.run("model", self.model, history, type=Turn)
            history.messages.append(Message(turn=turn))
            if not turn.calls:
                ctx.set(self.HISTORY, history)
                return Answer(text=turn.text)
            results = await asyncio.gather(*(self._use(ctx, call) for call in turn.calls))
            history.messages.extend(Message(result=result) for result in results)
        raise TerminalError(f"no answer after {MAX_TURNS} turns", code=422)

    async def _use(self, ctx: ObjectContext, call: ToolCall) -> ToolResult:
        """Use a tool; the model is told of a failure, and may try something else."""
        try:
            return await ToolsClient.from_context(ctx).use(call)
        except TerminalError as error:
            return ToolResult(call_id=call.id, text=f"failed: {error.message}")


class Tools(ToolsBase):
    def __init__(self, tools: Mapping[str, Callable[[str], Awaitable[str]]]) -> None:
        self.tools = tools

    async def use(self, ctx: Context, request: ToolCall) -> ToolResult:
        tool = self.tools.get(request.tool)
        if tool is None:
            raise TerminalError(f"there is no tool {request.tool}", code=404)
        text = await ctx.run(request.tool, tool, request.argument)
        return ToolResult(call_id=request.id, text=text)
