"""Random handlers that use asyncio: every attempt repeats the ones before it, wherever it is cut off."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from restate_proto.runtime import Runtime
from restate_proto.runtime.debug import Debugger
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import CANCEL, failure, signal, value
from tests.restate import Restate
from tests.runtime.asyncio_programs import program
from tests.runtime.case import in_loop
from tests.runtime.drawn_course import invoke

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

    from tests.restate import Outcome

VERSIONS = (5, 6, 7)
PROGRAMS = int(os.environ.get("RESTATE_PROTO_DRAWN_PROGRAMS", "500"))
BLOCKS = 10


class WithAwakeables(Restate):
    """A small Restate that completes all awakeables, and cancels the invocation.

    Args:
        version: the protocol version of the attempts.
        cancellations: how often it is cancelled.
        outcome: what becomes of a call.

    Attributes:
        attempts: how many it took to end the invocation.
    """

    most_at_once = 6
    """How many awakeables may be completed next, in any order."""

    def __init__(self, version: int, cancellations: int, outcome: Callable[[], Outcome]) -> None:
        to_come = [awakened(17 + number) for number in range(self.most_at_once)]
        super().__init__(version, {}, to_come=to_come + [CANCEL] * cancellations, outcome=outcome)
        self.attempts = 0

    def complete(self, notification: Message) -> Message:
        if isinstance(notification, pb.SignalNotificationMessage) and notification != CANCEL:
            self.to_come.append(awakened(notification.idx + self.most_at_once))
        return super().complete(notification)


def awakened(index: int) -> pb.SignalNotificationMessage:
    return signal(index, b'"awakened"')


async def play(seed: int, debugger: Debugger | None = None) -> WithAwakeables:
    """Play a program to its end, in attempts that are cut off anywhere."""
    outcomes = random.Random(seed)

    def outcome() -> Outcome:
        drawn = value(b'"%d"' % outcomes.randrange(100))
        return drawn if outcomes.random() < 0.8 else failure(455, "failed")

    cancellations = outcomes.choices((0, 1, 2, 3), (4, 4, 2, 1))[0]
    restate = WithAwakeables(VERSIONS[seed % 3], cancellations, outcome)
    asks = outcomes.random() < 0.2
    body = program(seed, random.Random(seed), asks_if_cancelled=asks)
    course = random.Random(seed)
    restate.attempts = await invoke(restate, body, course, debugger, explicit_cancellation=asks)
    return restate


@pytest.mark.parametrize("block", range(BLOCKS))
@in_loop
async def test_attempts_repeat_each_other(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("restate_proto"), "disabled", True)
    for seed in range(block, PROGRAMS, BLOCKS):
        try:
            await play(seed)
        except BaseException as error:
            error.add_note(f"(program {seed})")
            raise


@in_loop
async def test_development_mode_raises_no_false_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """It repeats each attempt at once, and compares the two."""
    monkeypatch.setattr(logging.getLogger("restate_proto"), "disabled", True)
    debugger = Debugger(Runtime(asyncio.get_running_loop()))
    for seed in range(0, PROGRAMS, 12):
        try:
            await play(seed, debugger)
        except BaseException as error:
            error.add_note(f"(program {seed})")
            raise
    debugger.close()


def digest_of_journals(programs: int) -> str:
    """Return the journals of programs as one number, without the times of timers."""
    logging.getLogger("restate_proto").disabled = True
    digest = hashlib.sha256()
    for seed in range(programs):
        for entry in asyncio.run(play(seed)).journal:
            if isinstance(entry, pb.SleepCommandMessage):
                entry.wake_up_time = 0
            digest.update(type(entry).__name__.encode() + entry.SerializeToString())
    return digest.hexdigest()


def test_journals_are_the_same_in_every_process() -> None:
    """The hashes of texts and the addresses of objects have no influence."""
    code = f"from {__name__} import digest_of_journals as f; print(f(120))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(digests) == 1
