"""Verdicts on journals: each outcome, and what a journal may lack."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.v1.conformance_pb2 import Parcel, Script
from restate_proto import AesGcmSiv, Context, Endpoint, Interceptor, WorkflowContext
from restate_proto.endpoint.lifespan import LifespanError
from restate_proto.model.payload_codec import payload_codecs
from restate_proto.protocol.ids import invocation_id_bytes
from restate_proto.protocol.random_seed import random_seeds
from restate_proto.testing import JournalsDifferError, Outcome, Verdict, replay
from restate_proto.testing.journals.replayer import replay_journals
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.testing.journals import trips
from tests.testing.journals.journal import ID, input_of, journal, run, run_result, value

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from restate_proto import AttemptInfo, EndedAttempt, HandlerCall
    from restate_proto.ingress.introspection import RawJournal

PERFORM = "conformance.v1.Clerk/Perform"
WHISPER = "conformance.v1.Clerk/Whisper"
RUN = "conformance.v1.Journey/Run"
SCRIPT = input_of(Script())
ASKED = (input_of(Parcel()), run(1, "ask"), run_result(1, "sign_1"))
LIMIT = pb.SleepCommandMessage(wake_up_time=1, result_completion_id=2, name="limit")


def verdict(recorded: RawJournal, endpoint: Endpoint = trips.endpoint) -> Verdict:
    (found,) = asyncio.run(replay_journals(endpoint, [recorded])).verdicts
    return found


def endpoint_of(body: Callable[[Context], Awaitable[Parcel]], **options: Any) -> Endpoint:
    """Return an endpoint whose `Clerk/Perform` has this body."""

    class Clerk(trips.Clerk):
        async def perform(self, ctx: Context, request: Script) -> Parcel:
            return await body(ctx)

    return Endpoint(Clerk(), trips.Journey(), **options)


# ---- What the code does ----


def test_a_run_without_a_result_is_not_executed() -> None:
    trips.executed.clear()
    found = verdict(journal(PERFORM, SCRIPT, run(1, "quote")))
    assert found.outcome is Outcome.GOES_ON
    assert found.text == "the function of ctx.run 'quote'"
    assert "trips.py" in str(found.line)
    assert not trips.executed


def test_a_command_that_the_journal_does_not_have_is_not_issued() -> None:
    trips.executed.clear()
    found = verdict(journal(PERFORM, SCRIPT, run(1, "quote"), run_result(1, "7")))
    assert (found.outcome, found.text) == (Outcome.GOES_ON, "'run charge'")
    assert not trips.executed


def test_what_has_not_begun() -> None:
    assert verdict(journal(PERFORM, status="scheduled")).outcome is Outcome.NOT_BEGUN
    unpinned = journal(PERFORM, SCRIPT, pinned_service_protocol_version=None)
    assert verdict(unpinned).outcome is Outcome.GOES_ON


def test_it_waits_where_it_waited() -> None:
    awaits = [{"SignalIndex": 17}, {"CompletionId": 2}, {"SignalIndex": 1}]
    assert verdict(journal(WHISPER, *ASKED, LIMIT, awaits=awaits)).outcome is Outcome.WAITS


def test_it_waits_for_something_else() -> None:
    found = verdict(journal(WHISPER, *ASKED, LIMIT, awaits=[{"SignalIndex": 17}]))
    assert found.outcome is Outcome.DIFFERS
    assert found.text == "it waits for awakeable 17, 'sleep limit', not for awakeable 17"
    assert found.entry is None


def test_it_goes_on_where_it_waited() -> None:
    found = verdict(journal(WHISPER, *ASKED, awaits=[{"SignalIndex": 17}]))
    assert (found.outcome, found.text) == (Outcome.GOES_ON, "'sleep limit'")


def test_what_came_since_the_status_was_read_is_not_held_against_it() -> None:
    recorded = journal(WHISPER, *ASKED, LIMIT, awaits=[{"SignalIndex": 17}], journal_size=3)
    assert verdict(recorded).outcome is Outcome.WAITS


def test_it_ends_where_the_journal_ends() -> None:
    async def body(ctx: Context) -> Parcel:
        return Parcel()

    found = verdict(journal(PERFORM, SCRIPT), endpoint_of(body))
    assert (found.outcome, found.text) == (Outcome.GOES_ON, "it ends")


@pytest.mark.parametrize("status", ["running", "backing-off", "paused", "completed"])
def test_it_fails_where_the_journal_ends(status: str) -> None:
    async def body(ctx: Context) -> Parcel:
        raise ValueError("a bug")

    found = verdict(journal(PERFORM, SCRIPT, status=status), endpoint_of(body))
    assert (found.outcome, found.text) == (Outcome.GOES_ON, "it fails: ValueError: a bug")
    assert str(found.line).startswith(__file__)


def test_it_fails_where_it_waited() -> None:
    async def body(ctx: Context) -> Parcel:
        raise ValueError("a bug")

    recorded = journal(PERFORM, SCRIPT, awaits=[{"SignalName": "go"}])
    found = verdict(recorded, endpoint_of(body))
    assert found.outcome is Outcome.DIFFERS
    assert found.text == "it fails, where it waited for signal 'go': ValueError: a bug"


def test_it_ends_too_early() -> None:
    async def body(ctx: Context) -> Parcel:
        return Parcel()

    found = verdict(journal(PERFORM, SCRIPT, run(1, "quote")), endpoint_of(body))
    assert (found.outcome, found.entry, found.recorded) == (Outcome.DIFFERS, 1, "run quote")
    assert "'the handler's return' in the code, " in found.text
    assert str(found.line).startswith(__file__)  # of the handler, whose last line it is


def test_it_waits_where_it_ended() -> None:
    async def body(ctx: Context) -> Parcel:
        return await ctx.awakeable(Parcel)

    recorded = journal(PERFORM, SCRIPT, pb.OutputCommandMessage(value=value(b"")))
    found = verdict(recorded, endpoint_of(body))
    assert (found.outcome, found.entry) == (Outcome.DIFFERS, 1)
    assert found.text == "it waits for awakeable 17"


def test_an_entry_that_is_no_message() -> None:
    recorded = journal(PERFORM, SCRIPT, run(1, "quote"))
    broken = [recorded.entries[0], {**recorded.entries[1], "raw": "ffff"}]
    found = verdict(replace(recorded, entries=broken))
    assert found.outcome is Outcome.DIFFERS
    assert "undecodable" in found.text
    assert found.recorded == "an entry that is not a message"


def test_a_handler_that_is_gone() -> None:
    found = verdict(journal("conformance.v1.Clerk/Gone", SCRIPT))
    assert found.outcome is Outcome.DIFFERS
    assert found.text == "this endpoint does not have the handler"


# ---- What a journal lacks ----


def test_a_service_of_another_endpoint() -> None:
    found = verdict(journal("shop.v1.Cart/AddTicket", SCRIPT))
    assert (found.outcome, found.text) == (
        Outcome.UNDECIDED,
        "this endpoint does not have the service",
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 1}, "a journal of version 1"),
        ({"raw": None}, "the table does not have the content of entry 1"),
        ({"index": 2}, "entry 1 is missing"),
        ({"entry_type": "Command: Dance"}, "entry 1 has the unknown kind"),
    ],
)
def test_rows_that_lack_something(change: dict[str, Any], text: str) -> None:
    recorded = journal(PERFORM, SCRIPT, run(1, "quote"))
    rows = [recorded.entries[0], {**recorded.entries[1], **change}]
    found = verdict(replace(recorded, entries=rows))
    assert found.outcome is Outcome.UNDECIDED
    assert text in found.text


def test_a_version_of_the_protocol_that_is_not_known() -> None:
    found = verdict(journal(PERFORM, SCRIPT, pinned_service_protocol_version=9))
    assert (found.outcome, found.text) == (
        Outcome.UNDECIDED,
        "service protocol v9 is not one of v5 to v7",
    )


def test_a_payload_that_cannot_be_decoded() -> None:
    async def body(ctx: Context) -> Parcel:
        return Parcel()

    codec = AesGcmSiv({"old": b"o" * 32})
    codecs = payload_codecs("this test", codec)
    assert codecs is not None
    payload = codecs.encode(Script(name="secret").SerializeToString())
    recorded = journal(PERFORM, pb.InputCommandMessage(value=value(payload)))
    found = verdict(recorded, endpoint_of(body))
    assert found.outcome is Outcome.UNDECIDED
    assert "the payload of entry 0 was encoded by a payload codec" in found.text

    found = verdict(recorded, endpoint_of(body, payload_codec=AesGcmSiv({"new": b"n" * 32})))
    assert found.outcome is Outcome.UNDECIDED
    assert "the payload of entry 0: " in found.text

    assert verdict(recorded, endpoint_of(body, payload_codec=codec)).outcome is Outcome.GOES_ON


# ---- Random numbers ----


def numbered(seed: int, **columns: Any) -> tuple[RawJournal, Endpoint]:
    """Return a journal with a seed's random number in the name of a run."""
    from random import Random

    async def body(ctx: Context) -> Parcel:
        await ctx.run(f"number {ctx.random.getrandbits(32)}", int)
        return Parcel()

    name = f"number {Random(seed).getrandbits(32)}"
    return journal(PERFORM, SCRIPT, run(1, name), **columns), endpoint_of(body)


@pytest.mark.parametrize("which", [0, 1])
def test_either_seed_of_restate(which: int) -> None:
    recorded, endpoint = numbered(0)
    seed = random_seeds(invocation_id_bytes(ID), recorded.created_at)[which]
    recorded, endpoint = numbered(seed)
    assert verdict(recorded, endpoint).outcome is Outcome.GOES_ON


def test_a_seed_that_is_told() -> None:
    assert verdict(*numbered(7, random_seed=7)).outcome is Outcome.GOES_ON
    assert verdict(*numbered(7, random_seed=8)).outcome is Outcome.DIFFERS


def test_the_seed_of_the_invocation_that_it_was_restarted_from() -> None:
    found = verdict(*numbered(1))
    assert found.outcome is Outcome.DIFFERS
    found = verdict(*numbered(1, restarted_from="inv_1"))
    assert found.outcome is Outcome.UNDECIDED
    assert "random numbers" in found.text


# ---- Around the handlers ----


def test_the_lifespan_is_entered_or_not() -> None:
    entered: list[bool] = []

    @asynccontextmanager
    async def lifespan() -> AsyncGenerator[None]:
        entered.append(True)
        yield
        entered.append(False)

    async def body(ctx: Context) -> Parcel:
        assert entered == [True]
        return Parcel()

    endpoint = endpoint_of(body, lifespan=lifespan)
    recorded = journal(PERFORM, SCRIPT)
    assert replay(endpoint, [recorded]).counts == {"goes-on": 1}
    assert entered == [True, False]
    replay(endpoint, [recorded], lifespan=False)
    assert entered == [True, False]


def test_a_lifespan_that_cannot_be_entered() -> None:
    @asynccontextmanager
    async def lifespan() -> AsyncGenerator[None]:
        raise OSError("no database")
        yield

    async def body(ctx: Context) -> Parcel:
        return Parcel()

    with pytest.raises(LifespanError, match="no database"):
        replay(endpoint_of(body, lifespan=lifespan), [])


def test_interceptors_know_that_it_is_a_repetition() -> None:
    seen: list[AttemptInfo] = []

    class Watching(Interceptor):
        async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
            seen.append(call.attempt)
            return await call_next()

        def attempt_ended(self, ended: EndedAttempt) -> None:
            seen.append(ended.attempt)

    async def body(ctx: Context) -> Parcel:
        return Parcel()

    verdict(journal(PERFORM, SCRIPT), endpoint_of(body, interceptors=[Watching()]))
    assert [each.is_repetition for each in seen] == [True, True]


# ---- What to do ----


def test_how_to_repair() -> None:
    call = pb.CallCommandMessage(
        service_name="x", handler_name="y", invocation_id_notification_idx=2, result_completion_id=3
    )
    quote = run(1, "quote"), run_result(1, "7")
    found = verdict(journal(PERFORM, SCRIPT, *quote, run(2, "other")))
    patch, restart = found.repair
    assert f'ctx.patched("...") at {found.line}' in patch
    assert f"restart-as-new {ID} --from 2" in restart

    found = verdict(journal(PERFORM, SCRIPT, call, run(4, "other")))
    assert f"restart-as-new {ID} --from 0" in found.repair[-1]

    found = verdict(journal(PERFORM, SCRIPT, *quote, run(2, "other"), status="completed"))
    (ended,) = found.repair
    assert "nothing replays it" in ended


def test_a_workflow_is_not_begun_anew() -> None:
    class Journey(trips.Journey):
        async def run(self, ctx: WorkflowContext, request: Script) -> Parcel:
            await ctx.run("new", int)
            return Parcel()

    recorded = journal(
        RUN, SCRIPT, run(1, "old"), target_service_key="a", target_service_ty="workflow"
    )
    found = verdict(recorded, Endpoint(Journey()))
    (patch,) = found.repair
    assert "ctx.patched" in patch


def test_the_error_has_the_report() -> None:
    recorded = journal(PERFORM, SCRIPT, run(1, "other"))
    fine = journal(PERFORM, SCRIPT)
    with pytest.raises(JournalsDifferError) as raised:
        replay(trips.endpoint, [recorded, fine])
    lines = str(raised.value).splitlines()
    assert lines[0].startswith(f"{ID}  {PERFORM}  running  differs at entry 1, 'run other': 'run q")
    assert lines[-1] == "2 journals: 1 ok, goes on where the journal ends; 1 differs"
    assert raised.value.report.to_json()["journals"][0]["recorded"] == "run other"
    with pytest.raises(JournalsDifferError, match=r"\n2 journals: 2 differ$"):
        replay(trips.endpoint, [recorded, recorded])
