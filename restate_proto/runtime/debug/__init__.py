"""Development mode: attempts that are checked while they run, and repeated when they end.

`Debugger` is all that an endpoint knows of it. What it makes in place of an `Attempt` is a
`CheckedAttempt`, which holds back an attempt's last message until a `Repetition` of it has come to the
same. `watch.py` is what is noted meanwhile, `guards.py` what handlers are warned of.
"""

from __future__ import annotations

from restate_proto.runtime.debug.debugger import Debugger
from restate_proto.runtime.debug.repetition import NotRepeatableError

__all__ = ["Debugger", "NotRepeatableError"]
