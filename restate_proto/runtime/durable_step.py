"""`@durable_step`: turns a function or method into one whose calls are recorded by `ctx.run`."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, Union, cast, overload

from restate_proto.codec.registry import codec_for
from restate_proto.model.arguments import STRING, wrong_type
from restate_proto.model.retry import RetryPolicy
from restate_proto.runtime.context import Context

if TYPE_CHECKING:
    from restate_proto.runtime.futures import DurableFuture

__all__ = ["durable_step"]

P = ParamSpec("P")
R = TypeVar("R")

_FIRST_OR_SECOND = 2  # a method's second parameter is the first that its caller gives
_PLAIN: tuple[object, ...] = (None, type(None), bool, int, float, str, list, dict, object, Any)


class _Decorator(Protocol):
    """The decorator that `durable_step(...)` with options returns."""

    @overload
    def __call__(self, function: Callable[P, Awaitable[R]], /) -> Callable[P, DurableFuture[R]]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Callable[P, DurableFuture[R]]: ...


@overload
def durable_step(function: Callable[P, Awaitable[R]], /) -> Callable[P, DurableFuture[R]]: ...
@overload
def durable_step(function: Callable[P, R], /) -> Callable[P, DurableFuture[R]]: ...
@overload
def durable_step(
    *, name: str | None = None, retry: RetryPolicy | None = None, type: type[Any] | None = None
) -> _Decorator: ...
def durable_step(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    retry: RetryPolicy | None = None,
    type: type[Any] | None = None,  # noqa: A002 - as in ctx.run
) -> Any:
    """Make a function or a method a step: each call of it is a `ctx.run` with its name.

    ```python
    class Checkout(CheckoutBase):
        @durable_step
        async def charge(self, ctx: RunContext, payment: PayRequest) -> Receipt:
            return await self.bank.charge(payment, idempotency_key=ctx.invocation_id)

        async def pay(self, ctx: Context, request: PayRequest) -> Receipt:
            return await self.charge(ctx, request)
    ```

    Call a step as it is written. Its first parameter, after `self`, is the handler's context. The
    step sees it as a `RunContext`, which identifies the invocation but has no durable operations,
    because the step runs where `ctx.run` runs its functions.

    Args:
        function: a coroutine function, or an ordinary one, which runs in a thread.
        name: the name that Restate shows; by default the function's name.
        retry: as in `ctx.run`.
        type: the message class of the result, for a return annotation that does not say it, such as
            one that names a class which is imported for type checkers alone.

    Returns:
        The step: it takes what the function takes and returns a `DurableFuture`.

    Raises:
        TypeError: an argument is of a wrong type, or the return annotation is of a type that cannot
            be recorded. Calling a step raises it for arguments that the function does not take.
    """
    if name is not None and not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
        raise wrong_type("durable_step", "name", name, STRING)
    if retry is not None and not isinstance(retry, RetryPolicy):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise wrong_type("durable_step", "retry", retry, "a RetryPolicy")
    if type is not None:
        codec_for(type)
    if function is not None:
        return _step(function, name, retry, type)
    return partial(_step, name=name, retry=retry, type_=type)


def _step(
    function: Callable[..., Any],
    name: str | None,
    retry: RetryPolicy | None,
    type_: type[Any] | None,
) -> Callable[..., DurableFuture[Any]]:
    if not inspect.isfunction(function):
        expected = "a function or a method; @staticmethod and @classmethod go above @durable_step"
        raise wrong_type("durable_step", "function", function, expected)
    signature = inspect.signature(function)
    result_type = _ResultType(function, type_)
    step_name = name or function.__name__

    @wraps(function)
    def step(*args: Any, **kwargs: Any) -> DurableFuture[Any]:
        try:
            signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{function.__qualname__}{signature}: {error}") from None
        ctx = _context(args, kwargs)
        if ctx is None:
            raise TypeError(
                f"{function.__qualname__} is a durable_step, whose first argument is the handler's "
                f"context: declare its parameter, (ctx: RunContext, ...), and pass it"
            )
        call = partial(function, *args, **kwargs)
        return ctx.run(step_name, call, type=result_type.get(), retry=retry)

    return step


def _context(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Context | None:
    for value in (*args[:_FIRST_OR_SECOND], *kwargs.values()):
        if isinstance(value, Context):
            return value
    return None


class _ResultType:
    """The type that a step's results are recorded as: the one given, or that of the annotation.

    A return annotation may name something that is defined below the step. If it cannot be read yet,
    it is read again at each call until it can.
    """

    def __init__(self, function: Callable[..., Any], type_: type[Any] | None) -> None:
        self._function = function
        self._type = type_
        self._is_known = type_ is not None
        if not self._is_known:
            with suppress(NameError):
                self.get()

    def get(self) -> Any:
        """Return the type; None for plain values.

        Raises:
            NameError: the annotation contains a name that is not defined.
            TypeError: results cannot be recorded as this type.
        """
        if not self._is_known:
            self._type = self._read()
            self._is_known = True
        return self._type

    def _read(self) -> type[Any] | None:
        function = self._function
        where = f"durable_step {function.__qualname__}"
        written = function.__annotations__.get("return", Any)
        # Only the return annotation: those of parameters may exist for type checkers alone.
        returns = types.SimpleNamespace(__annotations__={"return": written})
        try:
            annotation = typing.get_type_hints(returns, function.__globals__)["return"]
        except NameError as error:
            raise NameError(
                f"{where}: its return annotation {written!r} cannot be read: {error}; import the "
                "name outside of TYPE_CHECKING, or write @durable_step(type=...)"
            ) from None
        if _is_plain(annotation):
            return None
        try:
            codec_for(annotation)
        except TypeError:
            raise TypeError(
                f"{where}: its result is annotated {annotation!r}, which is neither a message class "
                "nor a plain value (None, bool, int, float, str, list, dict, or a union of those); "
                "return one of these, or write @durable_step(type=...)"
            ) from None
        return cast("type[Any]", annotation)


def _is_plain(annotation: Any) -> bool:
    """Tell whether values with an annotation are plain values, which are recorded as JSON."""
    if isinstance(annotation, TypeVar) or typing.is_typeddict(annotation):
        return True
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return True
    if origin in (Union, types.UnionType, list, dict):
        return all(map(_is_plain, typing.get_args(annotation)))
    return annotation in _PLAIN
