"""What `ctx.run` records for results and errors that have no place in the journal.

The effect has happened by then. Whatever the function returned or raised, something is recorded, so
that the effect is not repeated.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from typing import Any

import pytest

from conformance.v1.conformance_pb2 import Parcel
from restate_proto import Context, Encoding, RetryableError, RetryPolicy, TerminalError
from restate_proto.codec import google
from restate_proto.protocol import MAX_PAYLOAD
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Case, each_version, in_loop, result


class Color(enum.Enum):
    RED = "red"


class Unprintable:
    def __repr__(self) -> str:
        raise OSError("no text")


class UnprintableError(Exception):
    def __str__(self) -> str:
        raise OSError("no text")


class PartlessError(TerminalError):
    def __init__(self) -> None:
        """As somebody may write who does not call the base's."""


def nested_list(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def nested_parcel(depth: int) -> Parcel:
    parcel = innermost = Parcel()
    for _ in range(depth):
        innermost = innermost.parts.add()
    innermost.text = "x" * 100
    return parcel


def proposal_of(
    function: Callable[[], Any],
    *,
    type_: type[Any] | None = None,
    retry: RetryPolicy | None = None,
    version: int = 6,
    encoding: Encoding = Encoding.PROTOBUF,
) -> tuple[pb.ProposeRunCompletionMessage, Case]:
    """Return the recorded result of a function, and the attempt, which waits for the record."""

    async def execute() -> Any:
        return function()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("charge", execute, type=type_, retry=retry)
        return parcel

    case = Case(body, version=version, encoding=encoding).start()
    run, proposal, *_ = case.sent()
    assert isinstance(run, pb.RunCommandMessage)
    assert isinstance(proposal, pb.ProposeRunCompletionMessage), proposal
    assert not case.stream.ended
    return proposal, case


@pytest.mark.parametrize(
    ("returned", "type_", "texts"),
    [
        (("card", 1200), None, ["(tuple)", "tuple is neither a plain value nor a message"]),
        ({"a": [(1, 2)]}, None, ["(dict)", "dict['a'][0]: JSON has no tuple (1, 2)"]),
        ([0.5, math.nan], None, ["(list)", "list[1]: cannot be written as JSON"]),
        (math.inf, float, ["(float)", "float: cannot be written as JSON"]),
        ({7: "seat"}, None, ["(dict)", "a key must be a str, not int 7"]),
        ("name \ud83d", None, ["(str)", "half of a surrogate pair"]),
        ({"\ud83d": 1}, None, ["(dict)", "half of a surrogate pair"]),
        (nested_list(100_000), None, ["(list)", "cannot be written as JSON"]),
        (nested_parcel(150), Parcel, ["(Parcel)", "nested more than 100 messages deep"]),
        (3, str, ["(int)", "expected str, got int 3"]),
        (Parcel(), None, ["(Parcel)", "type=Parcel"]),
        (b"", None, ["(bytes)", "type=bytes"]),
        (object(), None, ["(object)", "object is neither a plain value nor a message"]),
        (Color.RED, None, ["(Color)", "Color is neither a plain value nor a message"]),
        (Unprintable(), str, ["(Unprintable)", "OSError: no text"]),
        (bytes(MAX_PAYLOAD), bytes, ["(bytes)", f"{MAX_PAYLOAD} bytes long"]),
        ("x" * MAX_PAYLOAD, None, ["(str)", f"{MAX_PAYLOAD + 2} bytes long"]),
    ],
)
@in_loop
async def test_the_failure_of_a_result_that_cannot_be_recorded_is_recorded(
    returned: object,
    type_: type[Any] | None,
    texts: list[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    proposal, case = proposal_of(lambda: returned, type_=type_)
    assert proposal.failure.code == 500
    message = proposal.failure.message
    assert message.startswith("ctx.run('charge') in runtime.v1.Service/Handle: ")
    for text in (*texts, "cannot be recorded", "not executed again"):
        assert text in message
    assert "cannot be recorded" in caplog.text
    case.feed(result(1, failure=proposal.failure))
    assert case.failure() == proposal.failure


@each_version
@in_loop
async def test_it_is_so_whatever_the_retry_policy(version: int) -> None:
    """Another attempt would repeat the effect and get the same result."""
    policy = RetryPolicy(max_attempts=10)
    proposal, _ = proposal_of(lambda: (1,), retry=policy, version=version)
    assert "cannot be recorded" in proposal.failure.message


@in_loop
async def test_a_message_that_is_too_deep_in_json() -> None:
    deep = nested_parcel(150)
    proposal, _ = proposal_of(lambda: deep, type_=Parcel, encoding=Encoding.JSON)
    assert "cannot be recorded" in proposal.failure.message


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, RecursionError])
@in_loop
async def test_whatever_a_codec_raises(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bytes:
        raise error

    monkeypatch.setattr(google.GoogleCodec, "to_binary", fail)
    proposal, _ = proposal_of(Parcel, type_=Parcel)
    assert f"cannot be recorded: {error.__name__}" in proposal.failure.message


@in_loop
async def test_the_largest_result_that_restate_takes_is_recorded() -> None:
    proposal, _ = proposal_of(lambda: bytes(MAX_PAYLOAD - 1), type_=bytes)
    assert len(proposal.value) == MAX_PAYLOAD - 1


@in_loop
async def test_a_message_that_is_deep_and_readable_is_recorded() -> None:
    deep = nested_parcel(90)
    proposal, _ = proposal_of(lambda: deep, type_=Parcel)
    assert Parcel.FromString(proposal.value) == deep


# ---- Errors ----


def raising(make: Callable[[], BaseException]) -> Callable[[], Any]:
    def fail() -> Any:
        raise make()

    return fail


def terminal(text: str = "no", **attributes: Any) -> TerminalError:
    """Return an error whose attributes were changed after it was made."""
    error = TerminalError(text, code=402)
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


# Made anew for each test: a raised error keeps what it was raised in.
TERMINAL: dict[str, tuple[Callable[[], TerminalError], int, str]] = {
    "no parts": (
        PartlessError,
        500,
        "PartlessError: (its text cannot be made: __str__ raises)",
    ),
    "a code of text": (lambda: terminal(code="404"), 500, "no"),
    "a message that is none": (lambda: terminal(message=None), 402, "TerminalError: [402] None"),
    "a message of bytes": (lambda: terminal(message=b"x"), 402, "TerminalError: [402] b'x'"),
    "half of a surrogate pair": (lambda: terminal("name \ud83d"), 402, r"name \ud83d"),
    "metadata of numbers": (lambda: terminal(metadata={1: 2, "a": 3}), 402, "no"),
    "metadata that is none": (lambda: terminal(metadata=None), 402, "no"),
    "metadata with half of a pair": (lambda: terminal(metadata={"\ud83d": "\ud83d"}), 402, "no"),
    "too much metadata": (
        lambda: terminal(metadata={str(i): "x" * 2**20 for i in range(40)}),
        402,
        "no",
    ),
}


@pytest.mark.parametrize("case", TERMINAL)
@in_loop
async def test_a_terminal_error_is_recorded_whatever_its_parts(case: str) -> None:
    make, code, message = TERMINAL[case]
    proposal, _ = proposal_of(raising(make))
    assert (proposal.failure.code, proposal.failure.message) == (code, message)
    assert proposal.ByteSize() < MAX_PAYLOAD


@pytest.mark.parametrize("case", TERMINAL)
@in_loop
async def test_a_handler_ends_with_a_terminal_error_whatever_its_parts(case: str) -> None:
    make, code, message = TERMINAL[case]

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        raise make()

    failure = Case(body).start().failure()
    assert (failure.code, failure.message) == (code, message)


@in_loop
async def test_an_exception_as_the_message_of_a_terminal_error() -> None:
    """Many people write `raise TerminalError(error)`."""

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        wrong: Any = ValueError("no such ticket")
        metadata: Any = {"ticket": 7}
        raise TerminalError(wrong, code=404, metadata=metadata)

    failure = Case(body).start().failure()
    assert (failure.code, failure.message) == (404, "no such ticket")
    assert [(each.key, each.value) for each in failure.metadata] == [("ticket", "7")]


@in_loop
async def test_a_message_that_is_too_long_is_cut() -> None:
    proposal, _ = proposal_of(raising(lambda: TerminalError("x" * 40 * 2**20)))
    assert proposal.ByteSize() < 2**21
    assert proposal.failure.message.endswith("... (41943040 characters)")


@pytest.mark.parametrize(
    "make", [UnprintableError, lambda: OSError("name \ud83d"), lambda: OSError("x" * 40 * 2**20)]
)
@in_loop
async def test_an_error_whose_text_cannot_be_written_fails_the_attempt(
    make: Callable[[], Exception],
) -> None:
    """It is retried like any other, within the bounds of the policy."""

    async def fail() -> None:
        raise make()

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("charge", fail)
        return parcel

    error = Case(body).start().error()
    assert error.message.startswith(f"ctx.run('charge') failed: {type(make()).__name__}: ")
    assert error.ByteSize() < MAX_PAYLOAD
    proposal, _ = proposal_of(raising(make), retry=RetryPolicy(max_attempts=1))
    assert proposal.failure.message == error.message


@in_loop
async def test_an_error_of_wrong_parts_fails_the_attempt() -> None:
    def make() -> RetryableError:
        error = RetryableError("busy")
        error.retry_after = 5  # pyright: ignore[reportAttributeAccessIssue] - what is tested
        return error

    async def body(ctx: Context, parcel: Parcel) -> Parcel:
        await ctx.run("charge", raising(make))
        return parcel

    case = Case(body).start()
    await case.until_written()
    assert case.error().message.startswith("ctx.run('charge') failed: ")
