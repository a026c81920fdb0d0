"""Requests are validated before their handler runs, as long as the journal has nothing else."""

from __future__ import annotations

import asyncio
import base64
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto import Endpoint, Validation
from restate_proto.endpoint.binding import bind
from restate_proto.rules import rules_message
from restate_proto.runtime import Attempt, BoundHandler, Runtime, ValidatingHandler
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.runtime.case import CANCEL, VERSIONS, Stream, frame, in_loop, named
from tests.validation.generated import LIBRARIES, account, codec_of, generated

if TYPE_CHECKING:
    from google.protobuf.message import Message

libraries = pytest.mark.parametrize("library", LIBRARIES)
DETAIL = "restatepb.detail/buf.validate.Violations"
REGISTER, NOTE = "/invoke/validated.v1.Signup/Register", "/invoke/validated.v1.Signup/Note"


def service(library: str) -> Any:
    base: Any = generated(library)[0].SignupBase

    class Signup(base):
        def __init__(self) -> None:
            self.seen: list[Any] = []

        async def register(self, ctx: Any, request: Any) -> Any:
            self.seen.append(request)
            return request

        async def note(self, ctx: Any, request: Any) -> None:
            self.seen.append(request)

    return Signup()


def attempt(
    handler: BoundHandler, request: Any, *entries: Message, version: int = 6, json: bool = False
) -> list[Message]:
    """Run an attempt whose journal begins with a request; return what it writes."""
    stream = Stream()
    codec = codec_of(request)
    data = codec.to_json(request) if json else codec.to_binary(request)
    input_ = pb.InputCommandMessage(value=pb.Value(content=data))
    start = pb.StartMessage(
        id=b"0" * 24, debug_id="inv_1", random_seed=7, known_entries=1 + len(entries), key="k"
    )
    run = Attempt(handler, version, stream, Runtime(asyncio.get_running_loop()))
    run.data_received(b"".join(map(frame, (start, input_, *entries))))
    return stream.sent()


def failure(messages: list[Message]) -> pb.Failure:
    output, end = messages
    assert isinstance(output, pb.OutputCommandMessage)
    assert isinstance(end, pb.EndMessage)
    return output.failure


@libraries
@pytest.mark.parametrize("json", [False, True])
@in_loop
async def test_an_invalid_request_ends_with_400_and_the_handler_does_not_run(
    library: str, json: bool
) -> None:
    signup = service(library)
    handlers = bind([signup])
    found = failure(attempt(handlers[REGISTER], account(library, name="A", age=0), json=json))
    assert found.code == 400
    assert found.message == (
        "validated.v1.Signup/Register: invalid request: a child has a guardian; name: must be at "
        "least 2 characters; name: does not match regex pattern `^[a-zé]+$`; age: must be greater "
        "than or equal to 1 and less than 150"
    )
    (metadata,) = found.metadata
    assert metadata.key == DETAIL
    class_: Any = rules_message("Violations")
    violations = class_.FromString(base64.b64decode(metadata.value)).violations
    assert [each.rule_id for each in violations] == [
        *("account.child", "string.min_len", "string.pattern", "int32.gte_lt"),
    ]
    assert signup.seen == []


@libraries
@in_loop
async def test_a_valid_request_goes_to_the_handler(library: str) -> None:
    signup = service(library)
    request = account(library)
    output, end = attempt(bind([signup])[REGISTER], request)
    assert isinstance(end, pb.EndMessage)
    assert isinstance(output, pb.OutputCommandMessage)
    assert codec_of(request).from_binary(output.value.content) == request
    assert signup.seen == [request]


@pytest.mark.parametrize("version", VERSIONS)
@in_loop
async def test_versions_without_metadata_have_the_text(version: int) -> None:
    handler = bind([service("protobuf")])[REGISTER]
    found = failure(attempt(handler, account("protobuf", name="a"), version=version))
    assert (found.code, "name: must be at least 2" in found.message) == (400, True)
    assert len(found.metadata) == (version > 5)


@pytest.mark.parametrize(
    ("entries", "has_begun"),
    [
        ((), False),
        ((CANCEL,), False),
        ((named("s", b"x"),), True),
        ((pb.SetStateCommandMessage(key=b"k", value=pb.Value(content=b"x")),), True),
    ],
)
@in_loop
async def test_an_invocation_that_has_begun_is_not_validated_again(
    entries: tuple[Message, ...], has_begun: bool, caplog: pytest.LogCaptureFixture
) -> None:
    signup = service("protobuf")
    attempt(bind([signup])[REGISTER], account("protobuf", name="a"), *entries)
    assert len(signup.seen) == has_begun


@in_loop
async def test_a_rule_that_cannot_be_evaluated_is_retried(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import protovalidate

    def collect_violations(message: object) -> None:
        raise protovalidate.EvaluationError("division by zero")

    monkeypatch.setattr(protovalidate, "collect_violations", collect_violations)
    signup = service("protobuf")
    (error,) = attempt(bind([signup])[REGISTER], account("protobuf"))
    assert isinstance(error, pb.ErrorMessage)
    assert "validated.v1.Account: a rule of buf.validate cannot be evaluated" in error.message
    assert "division by zero" in error.message
    assert signup.seen == []
    assert caplog.records


def test_a_rule_that_does_not_compile_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    import protovalidate

    def collect_violations(message: object) -> None:
        raise protovalidate.CompilationError("no such field")

    monkeypatch.setattr(protovalidate, "collect_violations", collect_violations)
    with pytest.raises(ValueError, match=r"handler validated.v1.Signup/Register: .*no such field"):
        Endpoint(service("protobuf"))


def test_rules_without_protovalidate_are_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restate_proto.codec.validation.has_protovalidate", lambda: False)
    with pytest.raises(
        ImportError, match=r"Signup/Register: .*restate-proto\[validate\].*requests=False"
    ):
        Endpoint(service("protobuf"))
    Endpoint(service("protobuf"), validation=Validation(requests=False))


def test_requests_without_rules_have_a_handler_without_a_check() -> None:
    handlers = bind([service("protobuf")])
    assert type(handlers[NOTE]) is BoundHandler
    assert type(handlers[REGISTER]) is ValidatingHandler
    assert type(handlers[REGISTER].without_retries(lambda _: None)) is ValidatingHandler
    unchecked = bind([service("protobuf")], validation=Validation(requests=False))
    assert type(unchecked[REGISTER]) is BoundHandler


def test_protovalidate_is_loaded_for_rules_alone() -> None:
    program = (
        "import sys\n"
        "from examples.shop.main import Cart, Ticket\n"
        "from restate_proto import Endpoint\n"
        "Endpoint(Cart(), Ticket())\n"
        "assert 'protovalidate' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
