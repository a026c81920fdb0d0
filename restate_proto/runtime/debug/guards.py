"""Warn of what no other attempt of a handler could repeat, and of what holds up other handlers.

Using a clock, random numbers, files, sockets or processes is not always a mistake: the result may
only be logged. So these are warnings; if the result changes what the handler does, its repetition
fails.
"""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import date
from threading import get_ident
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from restate_proto.logs import get_logger
from restate_proto.runtime.debug.watch import Watch, watch_of_thread
from restate_proto.runtime.user_code import is_users, line_of, steps_of, users_line

if TYPE_CHECKING:
    from types import FrameType

__all__ = ["Guards"]

_log = get_logger("restate_proto.debug")  # a separate logger, so that it can be silenced

_CLOCKS: dict[Any, str] = {
    time.time: "time.time()",
    time.time_ns: "time.time_ns()",
    time.sleep: "time.sleep()",
    os.urandom: "os.urandom()",
}
_DATES = frozenset({"now", "utcnow", "today"})
_CHANCES = frozenset({"random", "getrandbits"})
_NAMES = frozenset({function.__name__ for function in _CLOCKS}) | _DATES | _CHANCES
_RANDOM = getattr(random, "_inst")  # noqa: B009 - the generator behind random.random and similar functions

# Calls out of these modules count as calls of whoever called the module.
_PASSED_ON = frozenset({"datetime", "random", "secrets", "uuid"})

_ADVICE = {
    "random": "Use ctx.random, ctx.uuid(), or ctx.run.",
    "time": "Use `await ctx.time()`, or ctx.run.",
    "outside": "Another attempt would do it again: give it to ctx.run.",
    "blocking": "Use `await ctx.sleep(...)` or `await asyncio.sleep(...)`, which are durable.",
}
_UNAWAITED = (
    "Its result is lost, and so is its failure: await it. If you do not need the response of a call, "
    "send a message instead: `.send()`."
)
_BORROWED = (
    "What the function does with it is in no journal, and the next attempt does not call the function. "
    "Make such things in the handler, for each invocation, and have the function return what it needs."
)
_EVENTS = {
    "open": ("opens a file", "outside"),
    "os.listdir": ("reads a directory", "outside"),
    "os.scandir": ("reads a directory", "outside"),
    "os.mkdir": ("makes a directory", "outside"),
    "os.remove": ("removes a file", "outside"),
    "os.rename": ("renames a file", "outside"),
    "os.rmdir": ("removes a directory", "outside"),
    "os.system": ("starts a process", "outside"),
    "os.posix_spawn": ("starts a process", "outside"),
    "os.fork": ("starts a process", "outside"),
    "os.exec": ("becomes another process", "outside"),
    "subprocess.Popen": ("starts a process", "outside"),
    "socket.bind": ("opens a socket", "outside"),
    "socket.connect": ("opens a socket", "outside"),
    "socket.getaddrinfo": ("looks up an address", "outside"),
    "socket.gethostbyname": ("looks up an address", "outside"),
    "sqlite3.connect": ("opens a database", "outside"),
}
# Modules that read files on behalf of Python itself: modules, source lines, logs, time zones.
_OF_PYTHON = (
    *("_frozen_importlib", "_pytest", "coverage", "encodings", "importlib", "linecache", "logging"),
    *("pkgutil", "tokenize", "traceback", "warnings", "zoneinfo"),
)


class Guards:
    """The warnings of development mode; each line of code is warned of once."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str]] = set()
        _watch_audit_events()

    def watch(self) -> Watch:
        """Return the watch of one attempt; it warns of clocks, chance, files and the like."""
        return _GuardedWatch(self)

    def warn(self, watch: Watch, line: str, what: str, advice: str) -> None:
        """Log a warning about a line of a handler, unless it was logged before.

        Args:
            watch: the watch of the attempt.
            line: the line, as `file:line`.
            what: what the handler does there.
            advice: what to write instead.
        """
        if (line, what) in self._said:
            return
        self._said.add((line, what))
        _log.warning("%s %s at %s. %s", watch.description, what, line, advice)


class _GuardedWatch(Watch):
    """A watch that looks at the functions that a handler's code calls."""

    def __init__(self, guards: Guards) -> None:
        super().__init__(self._called)
        self._guards = guards
        self._is_looking = False

    def _called(self, _: Watch, frame: FrameType, function: Any) -> None:
        """Check a call of a function that is not written in Python."""
        name = getattr(function, "__name__", "")
        if name not in _NAMES:
            return
        owner: Any = getattr(function, "__self__", None)
        if isinstance(owner, type) and issubclass(owner, date) and name in _DATES:
            what, advice = f"calls {owner.__name__}.{name}()", _ADVICE["time"]
        elif (owner is _RANDOM and name in _CHANCES) or function is os.urandom:
            what, advice = "uses random", _ADVICE["random"]
        elif function in _CLOCKS:
            advice = _ADVICE["blocking" if function is time.sleep else "time"]
            what = f"calls {_CLOCKS[function]}"
        else:
            return
        caller = next((step for step in steps_of(frame) if not _passes_on(step)), None)
        if caller is not None and is_users(caller):  # a library's may be for a log record
            self._guards.warn(self, line_of(caller), what, advice)

    @override
    def left_unawaited(self, command: str, line: str) -> None:
        self._guards.warn(self, line, f"never awaits the '{command}' that it begins", _UNAWAITED)

    @override
    def borrowed(self, run: str, what: str, line: str) -> None:
        what = (
            f"gives {what} to the function of ctx.run {run!r}, for which tasks of a handler wait,"
        )
        self._guards.warn(self, line, what, _BORROWED)

    def audited(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Check an action of Python's that reaches beyond this process."""
        if self._is_looking:
            return
        self._is_looking = True
        try:
            frame = sys._getframe(2)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            if any(_module(step).startswith(_OF_PYTHON) for step in steps_of(frame)):
                return
            path = ""
            if event == "open" and isinstance(arguments[0], (str, bytes)):
                path = os.fsdecode(arguments[0])
            line = users_line(frame)
            if line is not None and "/zoneinfo/" not in path:  # Python reads it without a frame
                what, advice = _EVENTS[event]
                what += f" ({path})" if path else ""
                self._guards.warn(self, line, what, _ADVICE[advice])
        finally:
            self._is_looking = False


def _passes_on(frame: FrameType) -> bool:
    return _module(frame) in _PASSED_ON


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


_is_installed = False


def _watch_audit_events() -> None:
    """Install the audit hook that sees what reaches beyond the process; it cannot be removed."""
    global _is_installed  # noqa: PLW0603 - the process has one hook
    if not _is_installed:
        _is_installed = True
        sys.addaudithook(_audit)


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _EVENTS:
        watch = watch_of_thread(get_ident())
        if isinstance(watch, _GuardedWatch):
            watch.audited(event, arguments)
