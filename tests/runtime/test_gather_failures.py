"""An error that comes out of `gather` says which of its futures failed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Target, TerminalError, gather
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, id_of, in_loop, result

if TYPE_CHECKING:
    from restate_proto import Context

ECHO = Target.service("conformance.v1.Clerk", "Echo")
FAILURE = pb.Failure(code=444, message="no")


@in_loop
async def test_gather_says_the_place_of_the_one_that_failed() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        timer = ctx.sleep(timedelta(days=1))
        with pytest.raises(TerminalError) as raised:
            await gather(timer, ctx.call(ECHO, parcel, Parcel))
        assert raised.value.__notes__ == ["(gather: number 2 of 2 failed)"]
        return Parcel(number=1)

    case = Case(body).start().feed(id_of(2, "inv_2"), result(3, failure=FAILURE))
    assert case.answer().number == 1
