"""`@durable_step`: what a call of a step records, and what is wrong with one."""

from __future__ import annotations

import asyncio
import re
import threading
from contextvars import ContextVar
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, Encoding, RetryPolicy, RunContext, durable_step, gather
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, in_loop, value

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from decimal import Decimal


class Shop:
    prefix = "shop"

    @durable_step
    async def charge(self, ctx: RunContext, amount: int, *, currency: str = "EUR") -> str:
        return f"{self.prefix} {ctx.invocation_id} {amount} {currency}"

    @durable_step(name="by hand", retry=RetryPolicy(max_attempts=1))
    def ship(self, ctx: RunContext) -> str:
        raise OSError("no van")

    @staticmethod
    @durable_step
    async def wrap(ctx: RunContext, paper: str) -> str:
        return paper

    @durable_step
    async def later(self, ctx: RunContext) -> DefinedLater:
        return Parcel(text="later")


DefinedLater = Parcel
SHOP = Shop()


@durable_step
async def pack(ctx: RunContext, parcel: Parcel) -> Parcel:
    return Parcel(text=f"{parcel.text} packed")


@durable_step
def in_a_thread(ctx: RunContext) -> int:
    return threading.get_ident()


@durable_step
async def misuse(ctx: Context) -> None:
    await ctx.sleep(timedelta(0))


async def perform(call: Callable[[Context], Any]) -> tuple[str, Any, Case]:
    """Call a step; return the name of its run, its result, and the attempt so far."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await call(ctx)
        return parcel

    case = Case(body).start()
    sent = case.sent()
    if len(sent) == 1:  # in a thread
        await case.until_written()
        sent += case.sent()
    run, proposal = sent
    assert isinstance(run, pb.RunCommandMessage)
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    which = proposal.WhichOneof("result")
    return run.name, getattr(proposal, which or ""), case


@in_loop
async def test_a_method_is_called_as_it_is_written() -> None:
    name, recorded, case = await perform(lambda ctx: SHOP.charge(ctx, 3, currency="USD"))
    assert (name, recorded) == ("charge", b'"shop inv_1 3 USD"')
    assert case.feed(value(1, recorded)).answer() == Parcel()


@in_loop
async def test_what_is_recorded_is_not_called_again() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        texts = await gather(SHOP.charge(ctx, 1), SHOP.charge(ctx=ctx, amount=2))
        return Parcel(text=" ".join(texts))

    runs = [pb.RunCommandMessage(name="charge", result_completion_id=id_) for id_ in (1, 2)]
    case = Case(body).start(*runs, value(1, b'"one"'), value(2, b'"two"'))
    assert case.answer().text == "one two"


CALLS: list[tuple[Callable[[Context], Any], str, bytes | Parcel]] = [
    (lambda ctx: Shop.charge(SHOP, ctx, 1), "charge", b'"shop inv_1 1 EUR"'),
    (lambda ctx: Shop.wrap(ctx, "blue"), "wrap", b'"blue"'),
    (lambda ctx: SHOP.wrap(ctx, "blue"), "wrap", b'"blue"'),
    (lambda ctx: pack(ctx, Parcel(text="a")), "pack", Parcel(text="a packed")),
    (lambda ctx: pack(ctx, parcel=Parcel(text="a")), "pack", Parcel(text="a packed")),
    (SHOP.later, "later", Parcel(text="later")),
]


@pytest.mark.parametrize(("call", "name", "recorded"), CALLS)
@in_loop
async def test_functions_static_methods_and_messages(
    call: Callable[[Context], Any], name: str, recorded: bytes | Parcel
) -> None:
    expected = recorded if isinstance(recorded, bytes) else recorded.SerializeToString()
    assert (await perform(call))[:2] == (name, expected)


@in_loop
async def test_an_ordinary_function_runs_in_a_thread() -> None:
    _, recorded, _ = await perform(in_a_thread)
    assert recorded != str(threading.get_ident()).encode()


@in_loop
async def test_its_name_and_its_retries() -> None:
    name, failure, _ = await perform(SHOP.ship)
    assert name == "by hand"
    assert failure.message == "ctx.run('by hand') failed: OSError: no van"


@in_loop
async def test_a_message_is_in_the_contract_s_encoding() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return await pack(ctx, parcel)

    case = Case(body, encoding=Encoding.JSON).start(payload=b'{"text":"a"}')
    _, proposal = case.sent()
    assert isinstance(proposal, pb.ProposeRunCompletionMessage)
    assert proposal.value == b'{"text":"a packed"}'


@in_loop
async def test_a_durable_operation_in_it_is_refused() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await misuse(ctx)
        return parcel

    error = Case(body).start().error()
    assert error.message.startswith("ctx.run('misuse') failed: RuntimeError: A durable operation")


# ---- What is wrong ----


async def of(function: Callable[[Context], Coroutine[Any, Any, Any]]) -> str:
    """Return the text of the error that a handler with this body gets."""
    errors: list[TypeError | NameError] = []

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        try:
            await function(ctx)
        except (TypeError, NameError) as error:
            errors.append(error)
        return parcel

    case = Case(body).start()
    assert case.answer() == Parcel()
    return str(errors[0])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda _: SHOP.charge(3), "Shop.charge.*: missing a required argument: 'amount'"),  # type: ignore[call-arg]
        (lambda ctx: SHOP.charge(ctx, 3, note=1), "got an unexpected keyword argument 'note'"),  # type: ignore[call-arg]
        (lambda _: SHOP.charge(3, 4), "first argument is the handler's context"),  # type: ignore[call-arg]
    ],
)
@in_loop
async def test_wrong_arguments_are_refused_at_the_call(call: Any, text: str) -> None:
    assert re.search(text, await of(call))


@in_loop
async def test_a_return_annotation_that_cannot_be_read_is_refused_at_the_call() -> None:
    @durable_step
    async def price(ctx: RunContext) -> Decimal:
        raise AssertionError

    async def call(ctx: Context) -> None:
        await price(ctx)

    text = await of(call)
    assert "its return annotation 'Decimal' cannot be read: name 'Decimal' is not defined" in text
    assert "@durable_step(type=...)" in text


@in_loop
async def test_a_type_stands_for_an_annotation_that_cannot_be_read() -> None:
    @durable_step(type=Parcel)
    async def price(ctx: RunContext) -> Decimal:
        return Parcel(number=3)  # pyright: ignore[reportReturnType]

    assert (await perform(price))[1] == Parcel(number=3).SerializeToString()


async def pair(ctx: RunContext) -> tuple[int, int]: ...  # pyright: ignore[reportReturnType]


async def maybe(ctx: RunContext) -> Parcel | None: ...


async def many(ctx: RunContext) -> list[Parcel]: ...  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize("function", [pair, maybe, many])
def test_a_result_that_cannot_be_recorded_is_refused_where_it_is_written(function: Any) -> None:
    with pytest.raises(TypeError, match="neither a message class nor a plain value") as raised:
        durable_step(function)
    assert f"durable_step {function.__name__}: its result is annotated" in str(raised.value)


async def unannotated(ctx: RunContext):  # noqa: ANN201 - as users write it
    return [ctx.invocation_id]


async def plain(ctx: RunContext) -> dict[str, list[int | None]] | Literal["none"]: ...  # pyright: ignore[reportReturnType]


@pytest.mark.parametrize("function", [unannotated, plain])
def test_plain_results_need_no_type(function: Any) -> None:
    assert durable_step(function).__name__ == function.__name__


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: durable_step(name=3), r"durable_step\(name=3\)"),  # type: ignore[call-arg]
        (lambda: durable_step(retry=3), r"durable_step\(retry=3\)"),  # type: ignore[call-arg]
        (lambda: durable_step(type=tuple), "no codec for"),
        (lambda: durable_step(partial(pack)), r"durable_step\(function=.*must be a function"),
        (lambda: durable_step(staticmethod(in_a_thread)), "go above @durable_step"),
    ],
)
def test_wrong_options(make: Callable[[], Any], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        make()


@in_loop
async def test_the_context_variables_of_the_call_are_those_of_the_function() -> None:
    tenant: ContextVar[str] = ContextVar("tenant")

    @durable_step
    def in_thread(ctx: RunContext) -> str:
        return tenant.get()

    @durable_step
    async def in_loop_(ctx: RunContext) -> str:
        await asyncio.sleep(0)
        return tenant.get()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        tenant.set("a")
        first = in_thread(ctx)
        tenant.set("b")
        second = in_loop_(ctx)
        tenant.set("c")
        await gather(first, second)
        return parcel

    case = Case(body).start()
    recorded: dict[int, bytes] = {}
    while len(recorded) < 2:
        for message in case.sent():
            if isinstance(message, pb.ProposeRunCompletionMessage):
                recorded[message.result_completion_id] = message.value
        if len(recorded) < 2:
            await case.until_written()
    assert recorded == {1: b'"a"', 2: b'"b"'}
