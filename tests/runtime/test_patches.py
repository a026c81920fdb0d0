"""`ctx.patched` and `ctx.deprecate_patch` in handlers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, each_version, in_loop, result, value

MARKER = pb.RunCommandMessage(name="patch: vat", result_completion_id=1)


async def ask(ctx: Context, parcel: Parcel) -> Parcel:
    answers = [ctx.patched("vat")]
    await ctx.sleep(timedelta(0))
    answers.append(ctx.patched("vat"))
    return Parcel(text=str(answers))


@each_version
@in_loop
async def test_a_new_invocation_takes_the_new_code(version: int) -> None:
    case = Case(ask, version=version).start()
    kinds = [type(message) for message in case.sent()]
    assert kinds[:3] == [
        pb.RunCommandMessage,
        pb.ProposeRunCompletionMessage,
        pb.SleepCommandMessage,
    ]
    if version >= 7:
        case.feed(pb.ProposeRunCompletionAckMessage(completion_id=1))
    else:
        case.feed(value(1, b"true"))
    assert case.feed(result(2)).answer().text == "[True, True]"


@each_version
@in_loop
async def test_its_answer_is_the_journal_s(version: int) -> None:
    with_marker = (MARKER, value(1, b"true"), pb.SleepCommandMessage(result_completion_id=2))
    case = Case(ask, version=version).start(*with_marker, result(2))
    assert case.answer().text == "[True, True]"
    without = (pb.SleepCommandMessage(result_completion_id=1), result(1))
    assert Case(ask, version=version).start(*without).answer().text == "[False, False]"


@in_loop
async def test_the_handler_is_suspended_before_the_marker_has_its_result() -> None:
    case = Case(ask).start().close_input()
    assert sorted(case.suspension().waiting_completions) == [2]


@in_loop
async def test_the_handler_may_end_before_the_marker_has_its_result() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        return Parcel(text=str(ctx.patched("vat")))

    assert Case(body).start().answer().text == "True"


@in_loop
async def test_a_deprecated_patch_is_read_over_and_not_written() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        ctx.deprecate_patch("vat")
        await ctx.sleep(timedelta(0))
        return Parcel(text="after")

    case = Case(body).start()
    case.sent_one(pb.SleepCommandMessage)
    assert case.feed(result(1)).answer().text == "after"
    case = Case(body).start(MARKER, value(1, b"true"))
    assert case.sent_one(pb.SleepCommandMessage).result_completion_id == 2


@pytest.mark.parametrize("method", ["patched", "deprecate_patch"])
@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        (3, TypeError, r"ctx.{method}\(name=3\)"),
        ("", ValueError, "ctx.{method}: the name must not be empty"),
    ],
)
@in_loop
async def test_wrong_names(method: str, name: Any, error: type[Exception], text: str) -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(error, match=text.format(method=method)):
            getattr(ctx, method)(name)
        return Parcel(number=1)

    assert Case(body).start().answer().number == 1


@in_loop
async def test_the_function_of_a_run_has_no_patches() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        async def wrong() -> bool:
            return ctx.patched("vat")

        await ctx.run("wrong", wrong)
        return parcel

    error = Case(body).start().error()
    assert "ctx.run('wrong') failed: RuntimeError: A durable operation" in error.message


@in_loop
async def test_a_run_is_not_named_as_a_marker() -> None:
    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        with pytest.raises(ValueError, match="those of the markers that"):
            ctx.run("patch: vat", print)
        return Parcel(text=str(ctx.patched("vat")))

    assert Case(body).start().answer().text == "True"
