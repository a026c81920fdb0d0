"""The programs of the cookbook, and the pages that show them unchanged."""

from __future__ import annotations

import asyncio
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf.duration_pb2 import Duration

from cookbook.v1.assistant_pb2 import History, Question, ToolCall, Turn
from cookbook.v1.assistant_restate import AssistantClient
from cookbook.v1.leave_pb2 import Decision, LeaveRequest
from cookbook.v1.leave_restate import LeaveClient
from cookbook.v1.report_pb2 import StartReportRequest
from cookbook.v1.report_restate import ReportClient
from cookbook.v1.survey_pb2 import Offer, SurveyRequest
from cookbook.v1.survey_restate import SurveyClient
from cookbook.v1.trip_pb2 import BookTripRequest
from cookbook.v1.trip_restate import TripsClient
from examples.cookbook.agent import Assistant, Tools
from examples.cookbook.approval import Leave
from examples.cookbook.fan_out import AT_ONCE, Shop, Survey
from examples.cookbook.recurring import Report
from examples.cookbook.saga import Trips
from restate_proto import Endpoint, TerminalError

if TYPE_CHECKING:
    from restate_proto.testing import VirtualEnvironmentFactory

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "cookbook").glob("*.md"))
BLOCK = re.compile(
    r"^(?P<head>```\w+\n(?:#|//) (?P<name>(?:examples|proto)/cookbook/\S+)\n)(?:.*?^)?```$",
    re.MULTILINE | re.DOTALL,
)
TRIP = BookTripRequest(traveller="ada", city="Rome")


def test_pages_show_the_programs() -> None:
    shown: set[str] = set()

    def as_it_is(block: re.Match[str]) -> str:
        shown.add(block["name"])
        return f"{block['head']}{(ROOT / block['name']).read_text('utf-8')}```"

    for page in PAGES:
        text = page.read_text("utf-8")
        fresh = BLOCK.sub(as_it_is, text)
        if os.environ.get("UPDATE_GOLDEN"):
            page.write_text(fresh, "utf-8")
        else:
            assert text == fresh, "UPDATE_GOLDEN=1 has this test write the program into its page"
    programs = {
        path.relative_to(ROOT).as_posix()
        for folder, suffix in (("examples/cookbook", "py"), ("proto/cookbook/v1", "proto"))
        for path in (ROOT / folder).glob(f"*.{suffix}")
    }
    assert shown == programs


class Agency:
    """Books and remembers bookings; nothing is left of `full`, and `stuck` takes for ever."""

    def __init__(self, full: str = "", stuck: str = "") -> None:
        self.booked: dict[str, str] = {}
        self.cancelled: list[str] = []
        self.is_stuck = asyncio.Event()
        self._full, self._stuck = full, stuck

    async def book(self, booking_id: str, what: str) -> None:
        kind = what.partition(" ")[0]
        if kind == self._full:
            raise TerminalError(f"there is no {kind} left", code=409)
        self.booked[booking_id] = kind
        if kind == self._stuck:
            self.is_stuck.set()
            await asyncio.Event().wait()

    async def cancel(self, booking_id: str) -> None:
        if kind := self.booked.pop(booking_id, None):
            self.cancelled.append(kind)


@pytest.mark.parametrize("crash_after", [0, 1, 2, 3, 4, 5])
def test_what_was_booked_is_cancelled_in_reverse(
    virtual_restate: VirtualEnvironmentFactory, crash_after: int
) -> None:
    async def scenario() -> None:
        agency = Agency(full="car")
        async with virtual_restate(Endpoint(Trips(agency)), retries=True) as env:
            if crash_after:
                env.crash_after(entries=crash_after)
            with pytest.raises(TerminalError, match="no car left"):
                await TripsClient.from_client(env.client).book(TRIP)
        assert agency.booked == {}
        assert agency.cancelled == ["hotel", "flight"]

    asyncio.run(scenario())


def test_a_trip_that_is_cancelled_leaves_nothing(
    virtual_restate: VirtualEnvironmentFactory,
) -> None:
    async def scenario() -> None:
        agency = Agency(stuck="hotel")
        async with virtual_restate(Endpoint(Trips(agency))) as env:
            sent = await TripsClient.from_client(env.client).send().book(TRIP)
            await env.until(agency.is_stuck.wait())
            assert sorted(agency.booked.values()) == ["flight", "hotel"]
            await sent.cancel()
            with pytest.raises(TerminalError, match="cancelled"):
                await sent.attach()
        assert agency.booked == {}

    asyncio.run(scenario())


def test_a_report_comes_each_day_until_it_is_stopped(
    virtual_restate: VirtualEnvironmentFactory,
) -> None:
    sent: list[tuple[str, int]] = []

    async def send(name: str, at: int) -> None:
        sent.append((name, at))

    async def scenario() -> None:
        day = StartReportRequest(interval=Duration(seconds=86400))
        async with virtual_restate(Endpoint(Report(send))) as env:
            sales = ReportClient.from_client(env.client, "sales")
            await sales.start(day)
            await env.advance(timedelta(days=3))
            assert [name for name, _ in sent] == ["sales"] * 3
            assert sent[1][1] - sent[0][1] == 86400
            await sales.start(StartReportRequest(interval=Duration(seconds=3600)))
            await env.advance(timedelta(hours=5))
            assert len(sent) == 8, "each hour, and no more each day"
            await sales.stop()
            await env.advance(timedelta(days=10))
            assert len(sent) == 8

    asyncio.run(scenario())


def test_a_survey_asks_some_at_once_and_survives_failures(
    virtual_restate: VirtualEnvironmentFactory,
) -> None:
    shops = [f"shop {number}" for number in range(12)]
    running: set[str] = set()
    most = 0

    async def price(shop: str, item: str) -> int:
        nonlocal most
        running.add(shop)
        most = max(most, len(running))
        await asyncio.sleep(0)
        running.discard(shop)
        if shop == "shop 7":
            raise TerminalError(f"no {item} here", code=404)
        return int(shop.removeprefix("shop ")) * 10

    async def scenario() -> None:
        async with virtual_restate(Endpoint(Survey(), Shop(price))) as env:
            survey = SurveyClient.from_client(env.client)
            found = await survey.ask(SurveyRequest(item="tea", shops=reversed(shops)))
        assert found.failures == {"shop 7": "no tea here"}
        assert len(found.offers) == 11
        assert found.offers[0] == Offer(shop="shop 0", cents=0)
        assert [offer.cents for offer in found.offers] == sorted(o.cents for o in found.offers)
        assert most <= AT_ONCE

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("decided_after", "approved", "reason", "mails"),
    [
        (timedelta(hours=1), True, "decided by bea", 1),
        (timedelta(days=5), True, "decided by bea", 2),
        (None, False, "nobody has decided", 2),
    ],
)
def test_a_leave_waits_for_a_person(
    virtual_restate: VirtualEnvironmentFactory,
    decided_after: timedelta | None,
    approved: bool,
    reason: str,
    mails: int,
) -> None:
    sent: list[str] = []

    async def mail(text: str) -> None:
        sent.append(text)

    async def scenario() -> None:
        async with virtual_restate(Endpoint(Leave(mail))) as env:
            leave = LeaveClient.from_client(env.client, "leave-1")
            run = await leave.submit(LeaveRequest(who="ada", days=3))
            begun = env.now
            if decided_after is not None:
                await env.advance(decided_after)
                with pytest.raises(TerminalError, match="who decides"):
                    await leave.decide(Decision(approved=False))
                await leave.decide(Decision(approved=True, by="bea"))
                with pytest.raises(TerminalError):
                    await leave.decide(Decision(approved=False, by="carl"))
            response = await run.attach()
            if decided_after is None:
                assert env.now - begun >= timedelta(days=7)
        assert (response.approved, response.reason) == (approved, reason)
        assert len(sent) == mails

    asyncio.run(scenario())


def test_an_agent_uses_its_tools_at_once_and_pays_each_turn_once(
    virtual_restate: VirtualEnvironmentFactory,
) -> None:
    turns: list[int] = []
    meet = asyncio.Barrier(2)

    async def model(history: History) -> Turn:
        turns.append(len(history.messages))
        results = {
            m.result.call_id: m.result.text for m in history.messages if m.HasField("result")
        }
        if not results:
            calls = [
                ToolCall(id="1", tool="weather", argument="Rome"),
                ToolCall(id="2", tool="weather", argument="Oslo"),
                ToolCall(id="3", tool="horoscope", argument="Rome"),
            ]
            return Turn(text="Let me see.", calls=calls)
        return Turn(text="; ".join(results[key] for key in sorted(results)))

    async def weather(city: str) -> str:
        await meet.wait()  # both tools run at once
        return f"{city}: sunny"

    async def scenario() -> None:
        endpoint = Endpoint(Assistant(model), Tools({"weather": weather}))
        async with virtual_restate(endpoint, retries=True) as env:
            env.crash_after(entries=5)
            assistant = AssistantClient.from_client(env.client, "talk")
            answer = await assistant.ask(Question(text="Where is the sun?"))
            assert answer.text == ("Rome: sunny; Oslo: sunny; failed: there is no tool horoscope")
            history = await env.state(Assistant, "talk", Assistant.HISTORY)
            assert history is not None
            assert len(history.messages) == 6
        assert turns == [1, 5], "a turn that is recorded is not asked for again"

    asyncio.run(scenario())
