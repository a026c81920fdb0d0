"""Record what a handler's code does while it runs: where it is, since when, what it calls."""

from __future__ import annotations

import sys
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

__all__ = ["Watch", "watch_of_thread"]

_watches: dict[int, Watch] = {}
"""For each thread, the watch of the attempt whose handler's code runs there now."""


def watch_of_thread(thread: int) -> Watch | None:
    """Return the watch of the attempt whose handler's code runs in a thread."""
    return _watches.get(thread)


class Watch:
    """Records what the code of one attempt's handler does while it runs.

    Args:
        on_builtin_call: called for each call of a function that is not written in Python, with the
            frame that calls it.
        profiles: whether to record lines and calls, and not only when the code runs.

    Attributes:
        code: the handler's own coroutine.
        description: the handler and the invocation, for warnings.
        left_at: the line at which the handler's own coroutine last waited or returned.
        since: when its code began to run, as `time.monotonic()`; None while it waits.
    """

    def __init__(
        self,
        on_builtin_call: Callable[[Watch, FrameType, Any], None] | None = None,
        *,
        profiles: bool = True,
    ) -> None:
        self._on_builtin_call = on_builtin_call
        self._profiles = profiles
        self._outer: Watch | None = None
        self._outer_profile: Any = None
        self._has_profile = False
        self.code: CodeType | None = None
        self.description = ""
        self.left_at: str | None = None
        self.since: float | None = None

    def enter(self) -> None:
        """Begin to record, because the handler's code goes on."""
        thread = get_ident()
        self._outer = _watches.get(thread)
        _watches[thread] = self
        self.since = monotonic()
        self._outer_profile = sys.getprofile()
        is_free = self._outer_profile is None or self._outer is not None
        self._has_profile = self._profiles and is_free
        if self._has_profile:  # else another tool profiles
            sys.setprofile(self._profile)

    def leave(self) -> None:
        """Stop recording, because the handler's code waits."""
        if self._has_profile:
            sys.setprofile(self._outer_profile)
        thread = get_ident()
        if self._outer is None:
            _watches.pop(thread, None)
        else:
            _watches[thread] = self._outer
        self.since = None

    def left_unawaited(self, command: str, line: str) -> None:
        """Warn that the handler has returned without awaiting the result of a command.

        Args:
            command: the command, in words.
            line: the line that issued it.
        """

    def borrowed(self, run: str, what: str, line: str) -> None:
        """Warn that the function of a run uses something that belongs to handlers.

        Args:
            run: the run's name.
            what: the object that it uses, as the code names it.
            line: the line that calls `ctx.run`.
        """

    def _profile(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            if self._on_builtin_call is not None:
                self._on_builtin_call(self, frame, argument)
        elif event == "return" and frame.f_code is self.code:
            self.left_at = f"{frame.f_code.co_filename}:{frame.f_lineno}"
