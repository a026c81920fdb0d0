"""The world outside of the shop: a card company and a mail server that remember every request.

The demo runs it in its own process; run `python -m examples.shop.world` to play by hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

DECLINED_CARD = "0000"


class World:
    """Answers what `providers.py` asks.

    Args:
        address: the `host:port` to listen on; port 0 takes a free one.
        tell: called with each thing that happens, in words.

    Attributes:
        charges: how often the card company was asked to charge a card.
        payments: the cards that were charged, by payment id; without what was refunded.
        mail_answers: cleared, the mail server takes mails and does not answer.
    """

    def __init__(
        self, address: str = "127.0.0.1:0", *, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._listen = address
        self._tell = tell
        self._mails: defaultdict[str, asyncio.Queue[str]] = defaultdict(asyncio.Queue)
        self._refunds: asyncio.Queue[str] = asyncio.Queue()
        self.charges: Counter[str] = Counter()
        self.payments: dict[str, str] = {}
        self.mail_answers = asyncio.Event()
        self.mail_answers.set()

    async def __aenter__(self) -> Self:
        host, _, port = self._listen.rpartition(":")
        self._server = await asyncio.start_server(self._serve, host, int(port))
        self.address = "{}:{}".format(*self._server.sockets[0].getsockname())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.mail_answers.set()
        self._server.close()
        await self._server.wait_closed()

    async def next_mail(self, to: str) -> str:
        """The text of the next mail to somebody, when it is there."""
        return await self._mails[to].get()

    async def next_refund(self) -> str:
        """The payment id of the next refund, when it is asked for."""
        return await self._refunds.get()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):  # who asked may be dead by now
            if line := await reader.readline():
                writer.write(json.dumps(await self._answer(json.loads(line))).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _answer(self, question: dict[str, Any]) -> str:
        match question:
            case {"do": "charge", "card": card} if card == DECLINED_CARD:
                self._tell(f"card {card} is declined")
                return "declined"
            case {"do": "charge", "payment_id": payment_id, "card": card, "cents": cents}:
                self.payments[payment_id] = card
                self.charges[card] += 1
                self._tell(f"card {card} is charged {cents / 100:.2f} EUR (payment {payment_id})")
                return "charged"
            case {"do": "refund", "payment_id": payment_id}:
                if self.payments.pop(payment_id, None):
                    self._tell(f"payment {payment_id} is refunded")
                self._refunds.put_nowait(payment_id)
                return "refunded"
            case {"do": "mail", "to": to, "text": text}:
                self._tell(f"mail to {to}: {text}")
                self._mails[to].put_nowait(text)
                await self.mail_answers.wait()
                return "sent"
            case _:
                return "what?"


async def _by_hand() -> None:
    async with World("127.0.0.1:9099", tell=print) as world:
        print(f"the world is at {world.address}; Ctrl-C ends it")
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_by_hand())
