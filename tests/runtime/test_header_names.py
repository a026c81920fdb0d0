"""The names of an invocation's headers may be in any case, because handlers of any SDK set them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop
from tests.runtime.handlers import echo

if TYPE_CHECKING:
    from restate_proto import Context


def answer(case: Case) -> bytes:
    output, end = case.sent()
    assert isinstance(end, pb.EndMessage)
    assert isinstance(output, pb.OutputCommandMessage)
    return output.value.content


@pytest.mark.parametrize("name", ["content-type", "Content-Type", "CONTENT-TYPE"])
@in_loop
async def test_the_content_type_says_what_the_request_is(name: str) -> None:
    # The space keeps the payload from being recognized as JSON by its first byte.
    case = Case(echo).start(headers={name: "application/json"}, payload=b' {"number": "5"}')
    assert answer(case) == b'{"number":"5"}'


@pytest.mark.parametrize("name", ["accept", "Accept", "ACCEPT"])
@in_loop
async def test_an_empty_request_is_answered_as_it_asks(name: str) -> None:
    async def five(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(number=5)

    case = Case(five).start(headers={name: "application/json"})
    assert answer(case) == b'{"number":"5"}'


@in_loop
async def test_a_handler_finds_a_header_in_any_case() -> None:
    async def tell(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=" ".join(ctx.headers[name] for name in ("x-one", "X-One", "X-ONE")))

    case = Case(tell).start(headers={"X-oNe": "1"})
    assert case.answer().text == "1 1 1"
