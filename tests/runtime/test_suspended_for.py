"""An attempt is suspended for what is still to come, and never for what the journal has.

Restate resumes an invocation at once if what it waits for is in its journal: an attempt that is
suspended for that would be made again and again, as fast as both sides can.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import (
    CancelledError,
    Context,
    SignalKey,
    WorkflowContext,
    gather,
    select,
)
from restate_proto.model.keys import PromiseKey
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, VERSIONS, Case, in_loop, named, result, signal, value

KEY = SignalKey("go", str)
PROMISE = PromiseKey("p", str)


def ids_of(waiting: pb.SuspensionMessage | pb.Future) -> set[int | str]:
    ids = {*waiting.waiting_completions, *waiting.waiting_named_signals}
    ids.update(-index for index in waiting.waiting_signals)
    if isinstance(waiting, pb.Future):
        ids.update(*map(ids_of, waiting.nested_futures))
    return ids


@pytest.mark.parametrize("is_there", [True, False])
@in_loop
async def test_one_signal_name_is_waited_for_once(*, is_there: bool) -> None:
    """The first signal would resume an attempt suspended for the second, at once and for ever."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        first = ctx.signal(KEY)
        if is_there:
            await first
        with pytest.raises(RuntimeError, match=r"ctx.signal\('go'\) was called before.*'go-2'"):
            ctx.signal(SignalKey("go", int))
        other = ctx.signal(SignalKey("go-2", str))
        await other
        texts = [await first, await other, await first]
        return Parcel(text=" ".join(texts))

    case = Case(body).start().feed(named("go", b'"one"'), named("go-2", b'"two"'))
    assert case.answer().text == "one two one"


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_what_has_taken_effect_is_in_no_suspension(version: int) -> None:
    """Restate would resume it at once, since all of these were awaited and are done."""

    async def body(ctx: WorkflowContext, parcel: Parcel) -> Parcel:
        signal_, awakeable, sleep = ctx.signal(KEY), ctx.awakeable(str), ctx.sleep(timedelta(0))
        promise = ctx.promise(PROMISE)
        done = gather(signal_, awakeable, sleep)
        await select(done=done, never=ctx.awakeable(str))
        await promise
        with pytest.raises(CancelledError):
            await ctx.awakeable(str)
        for future in (
            signal_,
            awakeable,
            sleep,
            promise,
            done,
            select(a=signal_, b=ctx.awakeable(str)),
        ):
            await future
        last = ctx.awakeable(str)
        await gather(done, select(sleep=gather(sleep, last), last=last), ctx.promise(PROMISE))
        return parcel

    case = Case(body, version=version, kind=ServiceKind.WORKFLOW, handler_kind=HandlerKind.WORKFLOW)
    case.start(key="k").feed(named("go", b'"x"'), signal(17, b'"x"'), result(1))
    case.feed(value(2, b'"x"'), CANCEL)
    case.close_input()
    suspension = case.suspension()
    awaited = ids_of(suspension.awaiting_on) if version >= 7 else ids_of(suspension)
    assert awaited == {3, -21}
