"""Operations that a context lacks, because only handlers of another kind have them.

Type checkers refuse them; at run time, an `AttributeError` says why, and what to do instead.
"""

from __future__ import annotations

from typing import Any, Final, NoReturn

__all__ = [
    "NO_KEY",
    "NO_PROMISES",
    "NO_STATE",
    "ONLY_READS_OBJECT",
    "ONLY_READS_WORKFLOW",
    "Missing",
]

_OBJECT: Final = (
    "but a virtual object has. Write `option (restatepb.v1.object) = {};` in the contract, or call an "
    "object"
)
NO_KEY: Final = f"a plain service has no key, {_OBJECT}"
NO_STATE: Final = f"a plain service has no state, {_OBJECT}"
NO_PROMISES: Final = (
    "only a workflow has promises. Write `option (restatepb.v1.workflow) = {};` in the contract, or "
    "wait for a ctx.awakeable or a ctx.signal, which every handler has"
)
ONLY_READS_OBJECT: Final = (
    "this handler is shared, and a shared handler only reads state. Remove `shared: true` from its "
    "option in the contract, which makes it exclusive, or call an exclusive handler"
)
ONLY_READS_WORKFLOW: Final = (
    "this handler is shared, and a shared handler only reads state. Let the run handler write it, and "
    "tell it the value with ctx.promise(...).resolve(...)"
)


class Missing:
    """An attribute that is not there, and whose error says why; `hasattr` is False for it.

    It is a descriptor, because a `__getattr__` would slow down all attributes of a context.

    Args:
        reason: why the context lacks it, and what to do instead.
    """

    __slots__ = ("_name", "_reason")

    def __init__(self, reason: str) -> None:
        self._reason = reason
        self._name = ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type[Any]) -> NoReturn:
        # Without the object, Python adds no guess to the text, such as "Did you mean: 'get'?".
        raise AttributeError(f"ctx.{self._name}: {self._reason}", name=self._name)
