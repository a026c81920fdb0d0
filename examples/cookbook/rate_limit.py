"""Calls of a provider that Restate lets through some at a time, over all invocations.

It takes service protocol v7, and a rule: at most two in the scope `translations`, of whatever customer,
and at most one for each of them.

    curl 127.0.0.1:9070/limits/rules -X PUT --json '[
      {"pattern": "translations", "limits": {"concurrency": 2}},
      {"pattern": "translations/*", "limits": {"concurrency": 1}}
    ]'
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cookbook.v1.provider_pb2 import (
    DocumentRequest,
    DocumentResponse,
    TranslateRequest,
    TranslateResponse,
)
from cookbook.v1.provider_restate import DocumentsBase, ProviderBase, ProviderClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from restate_proto import Context

SCOPE = "translations"


class Documents(DocumentsBase):
    async def translate(self, ctx: Context, request: DocumentRequest) -> DocumentResponse:
        provider = ProviderClient.from_context(ctx, scope=SCOPE)
        calls = [
            provider.translate(TranslateRequest(text=text), limit_key=request.customer)
            for text in request.paragraphs
        ]
        # All are with Restate now, which begins each when there is room for it.
        translated = await asyncio.gather(*calls)
        return DocumentResponse(paragraphs=[each.text for each in translated])


class Provider(ProviderBase):
    def __init__(self, translate: Callable[[str], Awaitable[str]]) -> None:
        self.ask = translate

    async def translate(self, ctx: Context, request: TranslateRequest) -> TranslateResponse:
        return TranslateResponse(text=await ctx.run("translate", self.ask, request.text))
