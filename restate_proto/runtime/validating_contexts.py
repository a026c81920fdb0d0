"""Contexts that validate what a handler writes by its `buf.validate` rules.

They are separate classes, so that contexts without validation pay nothing for it. Values that are
already in the journal are not validated again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from typing_extensions import override

from restate_proto.codec.registry import codec_for
from restate_proto.codec.validation import validate
from restate_proto.model.keys import StateKey
from restate_proto.protocol import Phase
from restate_proto.runtime.context import Context
from restate_proto.runtime.keyed_contexts import WritingContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from restate_proto.model.codec import Codec
    from restate_proto.model.retry import RetryPolicy
    from restate_proto.protocol import Result
    from restate_proto.runtime.futures import Leaf

__all__ = ["validating_context"]

T = TypeVar("T")


def validating_context(class_: type[Context], *, run_results: bool, state: bool) -> type[Context]:
    """Return the context class of a handler, with validation added.

    Args:
        class_: the class without validation.
        run_results: whether results of `ctx.run` are validated before they are recorded.
        state: whether state is validated before it is written.
    """
    checks: list[type[Any]] = []
    if run_results:
        checks.append(_ValidatesRunResults)
    if state and issubclass(class_, WritingContext):
        checks.append(_ValidatesState)
    return type(class_.__name__, (*checks, class_), {"__slots__": ()}) if checks else class_


class _ValidatesRunResults(Context):
    __slots__ = ()

    @override
    def _run(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        codec: Codec[Any],
        read: Callable[[Result], T],
        retry: RetryPolicy | None = None,
    ) -> Leaf[T]:
        checked: Any = _ValidatingCodec(codec)
        return super()._run(name, function, args, checked, read, retry)


class _ValidatesState(WritingContext):
    __slots__ = ()

    @override
    def set(self, key: Any, value: Any, *, name: str = "") -> None:
        is_new = self._operations.journal.phase is Phase.PROCESSING
        if is_new and isinstance(cast("object", key), StateKey):
            validate(codec_for(key.type), value, f"ctx.set {key.name!r}")
        super().set(key, value, name=name)


class _ValidatingCodec:
    """A codec that validates messages before it writes them."""

    __slots__ = ("_codec",)

    def __init__(self, codec: Codec[Any]) -> None:
        self._codec = codec

    def __getattr__(self, name: str) -> Any:
        return getattr(self._codec, name)

    def to_binary(self, message: Any, /) -> bytes:
        validate(self._codec, message, "its result")
        return self._codec.to_binary(message)

    def to_json(self, message: Any, /) -> bytes:
        validate(self._codec, message, "its result")
        return self._codec.to_json(message)
