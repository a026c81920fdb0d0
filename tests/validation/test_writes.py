"""Results of runs, state and clients' requests are validated if that is asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import IngressClient, InvalidMessageError, StateKey, Validation
from restate_proto.codec.registry import codec_for
from restate_proto.endpoint.binding import bind
from restate_proto.rules import rules_message
from restate_proto.runtime import Attempt, Runtime
from restate_proto.runtime.keyed_contexts import ObjectContext
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import Stream, frame, in_loop
from tests.validation.generated import LIBRARIES, account, codec_of, generated

if TYPE_CHECKING:
    from google.protobuf.message import Message

libraries = pytest.mark.parametrize("library", LIBRARIES)
CHECKED = Validation(run_results=True, state=True)
REGISTER = "/invoke/validated.v1.Signup/Register"


def attempt(
    library: str, body: Any, *entries: Message, validation: Validation = CHECKED
) -> list[Message]:
    """Return what an attempt of `Register` writes."""
    base: Any = generated(library)[0].SignupBase

    class Signup(base):
        async def register(self, ctx: Any, request: Any) -> Any:
            await body(ctx)
            return request

        async def note(self, ctx: Any, request: Any) -> None: ...

    request = account(library)
    data = codec_of(request).to_binary(request)
    start = pb.StartMessage(
        id=b"0" * 24, debug_id="inv_1", random_seed=7, known_entries=1 + len(entries), key="k"
    )
    input_ = pb.InputCommandMessage(value=pb.Value(content=data))
    stream = Stream()
    handler = bind([Signup()], validation=validation)[REGISTER]
    run = Attempt(handler, 6, stream, Runtime(asyncio.get_running_loop()))
    run.data_received(b"".join(map(frame, (start, input_, *entries))))
    return stream.sent()


@libraries
@in_loop
async def test_an_invalid_result_is_the_terminal_failure_of_its_run(library: str) -> None:
    type_ = generated(library)[1].Account

    async def body(ctx: Any) -> None:
        async def make() -> Any:
            return account(library, name="a")

        await ctx.run("make", make, type=type_)

    sent = attempt(library, body)
    (proposed,) = [each for each in sent if isinstance(each, pb.ProposeRunCompletionMessage)]
    assert proposed.failure.code == 500
    assert "cannot be recorded" in proposed.failure.message
    assert "name: must be at least 2 characters" in proposed.failure.message


@libraries
@in_loop
async def test_a_valid_result_is_recorded(library: str) -> None:
    type_ = generated(library)[1].Account

    async def body(ctx: Any) -> None:
        async def make() -> Any:
            return account(library)

        async def plain() -> str:
            return "anything"

        ctx.run("plain", plain)
        await ctx.run("make", make, type=type_)

    results = [
        each.value
        for each in attempt(library, body)
        if isinstance(each, pb.ProposeRunCompletionMessage)
    ]
    assert results == [b'"anything"', codec_for(type_).to_binary(account(library))]


@libraries
@in_loop
async def test_invalid_state_fails_at_the_line_that_writes_it(library: str) -> None:
    key = StateKey("account", generated(library)[1].Account)
    caught: list[InvalidMessageError] = []

    async def body(ctx: Any) -> None:
        assert isinstance(ctx, ObjectContext)
        try:
            ctx.set(key, account(library, name="a"))
        except InvalidMessageError as error:
            caught.append(error)
        ctx.set(key, account(library))

    sent = attempt(library, body)
    assert [type(each) for each in sent] == [
        *(pb.SetStateCommandMessage, pb.OutputCommandMessage, pb.EndMessage),
    ]
    (error,) = caught
    assert str(error).startswith("ctx.set 'account': invalid validated.v1.Account: name: must be")
    class_: Any = rules_message("Violations")
    assert len(class_.FromString(error.violations).violations) == 1


@in_loop
async def test_what_the_journal_has_is_not_validated_again() -> None:
    key = StateKey("account", generated("protobuf")[1].Account)
    written = account("protobuf", name="a")

    async def body(ctx: Any) -> None:
        ctx.set(key, written)

    command = pb.SetStateCommandMessage(
        key=b"account", value=pb.Value(content=codec_of(written).to_binary(written))
    )
    output, end = attempt("protobuf", body, command)
    assert isinstance(output, pb.OutputCommandMessage)
    assert isinstance(end, pb.EndMessage)


@in_loop
async def test_neither_is_validated_unless_asked_for() -> None:
    messages = generated("protobuf")[1]
    invalid = account("protobuf", name="a")

    async def body(ctx: Any) -> None:
        assert type(ctx) is ObjectContext
        ctx.set(StateKey("account", messages.Account), invalid)

    command, *_ = attempt("protobuf", body, validation=Validation())
    assert isinstance(command, pb.SetStateCommandMessage)


def test_protovalidate_is_asked_for_when_the_endpoint_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("restate_proto.endpoint.binding.has_protovalidate", lambda: False)
    for each in (Validation(state=True), Validation(run_results=True)):
        with pytest.raises(ImportError, match=r"restate-proto\[validate\]"):
            bind([], validation=each)


@libraries
@in_loop
async def test_a_client_validates_before_it_sends(library: str) -> None:
    restate, _ = generated(library)
    # Nothing listens there: what is sent fails otherwise.
    async with IngressClient("http://127.0.0.1:1", validate_requests=True) as client:
        signup = restate.SignupClient.from_client(client, "k")
        for call in (signup.register, signup.send().register):
            with pytest.raises(
                InvalidMessageError,
                match=r"the request of validated.v1.Signup/k/Register: invalid .*: name: must be",
            ):
                await call(account(library, name="a"))


def test_a_client_that_validates_needs_protovalidate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restate_proto.ingress.client_options.has_protovalidate", lambda: False)
    with pytest.raises(ImportError, match=r"restate-proto\[validate\]"):
        IngressClient("http://127.0.0.1:1", validate_requests=True)
