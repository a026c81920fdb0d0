"""Make many calls, a limited number at a time, and answer even if some of them fail."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from cookbook.v1.survey_pb2 import (
    Offer,
    QuoteRequest,
    QuoteResponse,
    SurveyRequest,
    SurveyResponse,
)
from cookbook.v1.survey_restate import ShopBase, ShopClient, SurveyBase
from restate_proto import Context, TerminalError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

AT_ONCE = 4


class Survey(SurveyBase):
    async def ask(self, ctx: Context, request: SurveyRequest) -> SurveyResponse:
        found = SurveyResponse()
        slots = asyncio.Semaphore(AT_ONCE)

        async def ask_one(shop: str) -> None:
            async with slots:
                try:
                    quote = await ShopClient.from_context(ctx).quote(
                        QuoteRequest(shop=shop, item=request.item)
                    )
                except TerminalError as error:
                    found.failures[shop] = error.message
                else:
                    found.offers.append(Offer(shop=shop, cents=quote.cents))

        await asyncio.gather(*(ask_one(shop) for shop in request.shops))
        found.offers.sort(key=lambda offer: (offer.cents, offer.shop))
        return found


class Shop(ShopBase):
    def __init__(self, price: Callable[[str, str], Awaitable[int]]) -> None:
        self.price = price

    async def quote(self, ctx: Context, request: QuoteRequest) -> QuoteResponse:
        cents = await ctx.run("price", self.price, request.shop, request.item)
        return QuoteResponse(cents=cents)
