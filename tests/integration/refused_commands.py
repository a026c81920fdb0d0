"""Calls and messages that restate-server does not carry out, and what it says of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto import Target
from tests.integration.conformance_messages import Parcel

if TYPE_CHECKING:
    from restate_proto import Context
    from tests.integration.scripted_services import Body

__all__ = ["REFUSED"]


async def _call_nobody(ctx: Context, parcel: Parcel) -> Parcel:
    await ctx.sleep(timedelta(0))
    return await ctx.call(Target.service("conformance.v1.Nobody", "Echo"), Parcel(), Parcel)


async def _message_to_no_handler(ctx: Context, parcel: Parcel) -> Parcel:
    ctx.send(Target.service("conformance.v1.Clerk", "Nothing2"), Parcel())
    await ctx.sleep(timedelta(0))
    return Parcel()


async def _call_with_a_key(ctx: Context, parcel: Parcel) -> Parcel:
    return await ctx.call(Target.object("conformance.v1.Clerk", "k", "Echo"), Parcel(), Parcel)


def _reason(command: str, precondition: str) -> str:
    failed = "because of a failed precondition"
    return f"cannot process command Command: {command} {failed}: {precondition}"


_KEY = (
    "a key was provided, but the callee 'conformance.v1.Clerk' is a Service. Only VirtualObjects or "
    "Workflows accept a key"
)

REFUSED: list[tuple[Body, str]] = [
    (
        _call_nobody,
        _reason(
            "Call (command index 2)",
            "the service handler conformance.v1.Nobody/Echo was not found",
        ),
    ),
    (
        _message_to_no_handler,
        _reason(
            "OneWayCall (command index 1)",
            "the service handler conformance.v1.Clerk/Nothing2 was not found",
        ),
    ),
    (_call_with_a_key, _reason("Call (command index 1)", _KEY)),
]
"""Handlers' bodies, and with what their attempts fail."""
