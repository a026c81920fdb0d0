"""Clients of services outside of the shop: a card company and a mail server.

Requests and answers are single lines of JSON over TCP. `world.py` is the other side.
"""

from __future__ import annotations

import asyncio
import json

from restate_proto import TerminalError


class CardCompany:
    """Moves money.

    Args:
        address: where it listens, `host:port`.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    async def charge(self, payment_id: str, card: str, cents: int) -> None:
        """Charge a card; asked again with the same payment id, it is charged once all the same.

        Raises:
            TerminalError: the card is declined (402), which another attempt would not change.
        """
        answer = await _ask(
            self._address, do="charge", payment_id=payment_id, card=card, cents=cents
        )
        if answer != "charged":
            raise TerminalError(f"the card company says: {answer}", code=402)

    async def refund(self, payment_id: str) -> None:
        """Give the money of a payment back, if it was taken."""
        await _ask(self._address, do="refund", payment_id=payment_id)


class MailServer:
    """Sends mail.

    Args:
        address: where it listens, `host:port`.
    """

    def __init__(self, address: str) -> None:
        self._address = address

    async def send(self, to: str, text: str) -> None:
        """Send a mail; returns when the server has taken it."""
        await _ask(self._address, do="mail", to=to, text=text)


async def _ask(address: str, **question: str | int) -> str:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(json.dumps(question).encode() + b"\n")
        answer = await reader.readline()
    finally:
        writer.close()
    if not answer:
        raise ConnectionError(f"no answer from {address}")  # not terminal: Restate retries
    return json.loads(answer)
