"""Handlers that use asyncio, drawn at random: every attempt repeats the ones before it, anywhere."""

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
    from tests.restate import Outcome

VERSIONS = (5, 6, 7)
PROGRAMS = int(os.environ.get("RESTATE_PROTO_DRAWN_PROGRAMS", "500"))
BLOCKS = 10


async def play(seed: int, debugger: Debugger | None = None) -> Restate:
    """Play a program to its end, in attempts that are cut off anywhere."""
    outcomes = random.Random(seed)

    def outcome() -> Outcome:
        drawn = value(b'"%d"' % outcomes.randrange(100))
        return drawn if outcomes.random() < 0.8 else failure(455, "failed")

    restate = Restate(
        VERSIONS[seed % 3],
        {},
        to_come=[signal(index, b'"awakened"') for index in range(17, 200)]
        + [CANCEL] * (seed % 5 == 0),
        outcome=outcome,
    )
    await invoke(restate, program(seed, random.Random(seed)), random.Random(seed), debugger)
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
    """The journals of programs, without the times of timers, as one number."""
    logging.getLogger("restate_proto").disabled = True
    digest = hashlib.sha256()
    for seed in range(programs):
        for entry in asyncio.run(play(seed)).journal:
            if isinstance(entry, pb.SleepCommandMessage):
                entry.wake_up_time = 0
            digest.update(type(entry).__name__.encode() + entry.SerializeToString())
    return digest.hexdigest()


def test_journals_are_the_same_in_every_process() -> None:
    """Whatever the hashes of texts are, and the places of objects in memory."""
    code = f"from {__name__} import digest_of_journals as f; print(f(60))"
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
