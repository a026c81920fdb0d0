"""Watch coroutine functions of `ctx.run`: they may do anything but block the event loop."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from restate_proto.runtime.debug.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from restate_proto.runtime.operations import Run

__all__ = ["watched_run"]


def watched_run(run: Run, handler: str) -> Run:
    """Return the run with its function watched; a function that runs in a thread is left as it is.

    Args:
        run: the run.
        handler: the handler and the invocation, for warnings.
    """
    function = run.function
    if not inspect.iscoroutinefunction(function):
        return run
    watch = Watch(profiles=False)
    watch.description = f"ctx.run {run.name!r} in {handler}"

    async def call(*args: Any) -> Any:
        return await _Watched(function(*args), watch)

    return run._replace(function=call)


class _Watched:
    """Awaits a coroutine, and tells a watch when its code runs.

    Args:
        coroutine: the coroutine to await.
        watch: the watch to tell.
    """

    def __init__(self, coroutine: Coroutine[Any, Any, Any], watch: Watch) -> None:
        self._coroutine = coroutine
        self._watch = watch

    def __await__(self) -> Generator[Any, Any, Any]:
        error: BaseException | None = None
        while True:
            self._watch.enter()
            try:
                step = self._coroutine
                awaited = step.send(None) if error is None else step.throw(error)
            except StopIteration as stop:
                return stop.value
            finally:
                self._watch.leave()
            error = None
            try:
                yield awaited
            except BaseException as raised:  # noqa: BLE001 - passed on
                error = raised
