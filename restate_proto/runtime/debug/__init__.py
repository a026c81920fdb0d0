"""Development mode: attempts are checked while they run, and repeated when they end.

An endpoint knows only `Debugger`. It creates a `CheckedAttempt` in place of an `Attempt`, which
holds back an attempt's last message until a `Repetition` of the attempt has done the same as it
did. `watch.py` records what a handler does while it runs, and `guards.py` has the warnings that
follow from it. `JournalReplay` runs a handler on a journal that a server has recorded.
"""

from __future__ import annotations

from restate_proto.runtime.debug.debugger import Debugger
from restate_proto.runtime.debug.journal_replay import JournalReplay, ReplayEnd
from restate_proto.runtime.debug.repetition import NotRepeatableError, runtime_of_repetitions

__all__ = [
    "Debugger",
    "JournalReplay",
    "NotRepeatableError",
    "ReplayEnd",
    "runtime_of_repetitions",
]
