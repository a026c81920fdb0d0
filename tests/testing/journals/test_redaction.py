"""What redaction removes from journals, what stays, and which code can still be run on them."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.v1.conformance_pb2 import Color, Parcel, Script
from restate_proto.protocol.payload_fields import payloads_of
from restate_proto.testing import Outcome
from restate_proto.testing.journals.redaction import (
    redact_message,
    redact_payload,
    without_texts,
)
from restate_proto.testing.journals.replayer import replay_journals
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.testing.journals import trips
from tests.testing.journals.journal import input_of, journal, run, run_result, value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from restate_proto.ingress.introspection import RawJournal
    from restate_proto.testing import ReplayReport

AWAKEABLE = "sign_1AZSaO1dkZvkBnTpAP8hZD8sQmVFLhXq2AAAAEQ"


def test_texts_of_a_message_in_binary() -> None:
    parcel = Parcel(
        text="Ada Lovelace, 36",
        number=1815,
        data=b"\x00\x01",
        color=Color.COLOR_RED,
        counts={"Bob": 3},
        parts=[Parcel(text="käse")],
        note=AWAKEABLE,
    )
    parcel.sent_at.FromSeconds(5)
    found = Parcel.FromString(redact_payload(parcel.SerializeToString()))
    assert found.text == "Aaa Aaaaaaaa, 00"
    assert found.number == 1815
    assert found.data == b"aa"
    assert found.color == Color.COLOR_RED
    assert dict(found.counts) == {"Aaa": 3}
    assert found.parts[0].text == "aaaaa"
    assert found.note == AWAKEABLE, "the ids of awakeables and invocations stay"
    assert found.sent_at == parcel.sent_at


def test_a_message_that_looks_like_a_text() -> None:
    parcel = Parcel(note="Ada Lovelace, Countess of Lovelace")
    script = Script(name="a", input=parcel)
    found = Script.FromString(redact_payload(script.SerializeToString()))
    assert found.input.note == "Aaa Aaaaaaaa, Aaaaaaaa aa Aaaaaaaa"
    found = Parcel.FromString(redact_payload(parcel.SerializeToString()))
    assert found.note == "Aaa Aaaaaaaa, Aaaaaaaa aa Aaaaaaaa"


@pytest.mark.parametrize(
    ("payload", "redacted"),
    [
        (b"34", b"34"),
        (b"true", b"true"),
        (b'"Ada 36"', b'"Aaa 00"'),
        (b'{"name": "Ada", "n": 7}', b'{"name": "Aaa", "n": 7}'),
        (b'"a\\nb\\u00e9\\""', b'"a\\naaaaaaa\\""'),
        (b"hello, 3 of you", b"aaaaa, 0 aa aaa"),
        (b"\xff\xfe\x00", b"aaa"),
        (b"hi", b"aa"),  # which is a message, too, whose field 13 is a number
        (b"", b""),
    ],
)
def test_other_payloads(payload: bytes, redacted: bytes) -> None:
    assert redact_payload(payload) == redacted


TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)


@given(TEXTS, TEXTS, st.integers(-(2**40), 2**40), st.binary(max_size=200))
def test_what_is_redacted_stays_as_it_is(text: str, note: str, number: int, data: bytes) -> None:
    payload = Parcel(text=text, note=note, number=number, data=data).SerializeToString()
    once = redact_payload(payload)
    assert redact_payload(once) == once
    assert len(once) == len(payload)


@given(TEXTS)
def test_json_stays_json(text: str) -> None:
    payload = json.dumps({"text": text}).encode()
    once = redact_payload(payload)
    assert redact_payload(once) == once
    assert set(json.loads(once)) == {"text"}


def test_what_a_call_says() -> None:
    call = pb.CallCommandMessage(
        service_name="shop.v1.Cart",
        handler_name="Add2",
        key="ada@shop.example",
        parameter=b'"Ada"',
        name="tell Bob",
        idempotency_key="Once1",
        headers=[pb.Header(key="X-User", value="Ada"), pb.Header(key="Accept", value="text/x1")],
    )
    redact_message(call)
    assert (call.service_name, call.handler_name, call.name) == ("shop.v1.Cart", "Add2", "tell Bob")
    assert (call.key, call.parameter) == ("aaa@aaaa.aaaaaaa", b'"Aaa"')
    assert call.idempotency_key == "Aaaa0"
    assert [header.value for header in call.headers] == ["Aaa", "text/x1"]


def test_what_a_failure_says() -> None:
    detail = b64encode(Parcel(text="Ada").SerializeToString()).decode()
    failure = pb.Failure(code=409, message="no Ada")
    failure.metadata.add(key="restatepb.detail/conformance.v1.Parcel", value=detail)
    failure.metadata.add(key="who", value="Ada 1")
    message = pb.OutputCommandMessage(failure=failure)
    redact_message(message)
    assert message.failure.code == 409
    assert message.failure.message == "aa Aaa"
    redacted = b64encode(Parcel(text="Aaa").SerializeToString()).decode()
    assert [each.value for each in message.failure.metadata] == [redacted, "Aaa 0"]


def redacted(*journals: RawJournal) -> list[RawJournal]:
    report = replayed(journals)
    return without_texts(report.verdicts, replayed)


def replayed(journals: Sequence[RawJournal]) -> ReplayReport:
    return asyncio.run(replay_journals(trips.endpoint, journals))


PERFORM = "conformance.v1.Clerk/Perform"


def test_code_still_runs_on_it() -> None:
    request = input_of(Script(input=Parcel(text="Ada", number=7)))
    echo = pb.CallCommandMessage(
        service_name="conformance.v1.Clerk",
        handler_name="Echo",
        parameter=Parcel(text="Bob 1", number=7).SerializeToString(),
        invocation_id_notification_idx=3,
        result_completion_id=4,
    )
    runs = run(1, "quote"), run_result(1, "9"), run(2, "charge"), run_result(2, "Bob 1")
    fine = journal(PERFORM, request, *runs, echo, target_service_key="Ada")
    echo = pb.CallCommandMessage()
    echo.CopyFrom(pb.CallCommandMessage.FromString(bytes.fromhex(fine.entries[-1]["raw"])))
    echo.parameter = Parcel(text="Bob is another", number=7).SerializeToString()
    other = journal(PERFORM, request, *runs, echo)
    journals = redacted(fine, other)
    assert [each.is_faithful for each in journals] == [True, True]
    texts = json.dumps([[each.invocation, list(each.entries)] for each in journals])
    assert b"Ada".hex() not in texts
    assert b"Bob".hex() not in texts
    assert journals[0].key == "Aaa"
    report = replayed(journals)
    assert [each.outcome for each in report.verdicts] == [Outcome.WAITS, Outcome.DIFFERS]


def test_code_that_looks_into_texts_decides_nothing() -> None:
    class Clerk(trips.Clerk):
        async def perform(self, ctx: trips.Context, request: Script) -> Parcel:
            if request.name == "gift":
                await ctx.run("wrap", str)
            await ctx.run("send", str)
            return Parcel()

    endpoint = trips.Endpoint(Clerk())

    def run_on(journals: Sequence[RawJournal]) -> ReplayReport:
        return asyncio.run(replay_journals(endpoint, journals))

    recorded = journal(PERFORM, input_of(Script(name="gift")), run(1, "wrap"))
    report = run_on([recorded])
    (found,) = without_texts(report.verdicts, run_on)
    assert not found.is_faithful
    (verdict,) = run_on([found]).verdicts
    assert verdict.outcome is Outcome.UNDECIDED
    assert verdict.text == "what its handler needs to take its way is redacted"


def test_an_entry_that_cannot_be_read_is_left_empty() -> None:
    recorded = journal(PERFORM, input_of(Script(name="Ada")))
    entries = [{**recorded.entries[0], "version": 1}]
    (found,) = redacted(type(recorded)(recorded.invocation, entries))
    assert found.entries[0]["raw"] is None
    (verdict,) = replayed([found]).verdicts
    assert verdict.outcome is Outcome.UNDECIDED


def test_all_payloads_are_found() -> None:
    messages = [
        pb.InputCommandMessage(value=value(b"x")),
        pb.OneWayCallCommandMessage(parameter=b"x"),
        pb.SetStateCommandMessage(value=value(b"x")),
        pb.GetEagerStateCommandMessage(value=value(b"x")),
        pb.CompletePromiseCommandMessage(completion_value=value(b"x")),
        pb.CompleteAwakeableCommandMessage(value=value(b"x")),
        pb.SendSignalCommandMessage(value=value(b"x")),
        pb.OutputCommandMessage(value=value(b"x")),
        pb.NotificationTemplate(value=value(b"x")),
    ]
    assert [list(payloads_of(message)) for message in messages] == [[b"x"]] * len(messages)
    assert not list(
        payloads_of(pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(keys=[b"x"])))
    )
