"""A trip of three bookings that is booked completely or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from cookbook.v1.trip_pb2 import BookTripRequest, BookTripResponse
from cookbook.v1.trip_restate import TripsBase
from restate_proto import Context, TerminalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto import DurableFuture


class Agency(Protocol):
    """Whoever books; both methods may be called twice with one id, and then do it once."""

    async def book(self, booking_id: str, what: str) -> None: ...
    async def cancel(self, booking_id: str) -> None: ...


class Trips(TripsBase):
    def __init__(self, agency: Agency) -> None:
        self.agency = agency

    async def book(self, ctx: Context, request: BookTripRequest) -> BookTripResponse:
        undo: list[Callable[[], DurableFuture[None]]] = []
        bookings: list[str] = []
        try:
            for kind in ("flight", "hotel", "car"):
                booking_id = str(ctx.uuid())  # the same in every attempt
                what = f"{kind} for {request.traveller} in {request.city}"
                # Before the booking: it may have been made even where its result is lost.
                undo.append(lambda kind=kind, id_=booking_id: self._cancel(ctx, kind, id_))
                await ctx.run(f"book {kind}", self.agency.book, booking_id, what)
                bookings.append(what)
        except TerminalError:  # refused, or the invocation is cancelled
            for compensate in reversed(undo):
                await compensate()
            raise
        return BookTripResponse(bookings=bookings)

    def _cancel(self, ctx: Context, kind: str, booking_id: str) -> DurableFuture[None]:
        return ctx.run(f"cancel {kind}", self.agency.cancel, booking_id)
