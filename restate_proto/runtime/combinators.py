"""Combine durable futures: `gather`, `select`, `race`, `any_of`, `wait` and `as_completed`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar, overload

from restate_proto.errors import TerminalError
from restate_proto.protocol import Await, Combinator
from restate_proto.runtime.failures import describe_error
from restate_proto.runtime.futures import Combined, DurableFuture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from restate_proto.runtime.operations import Operations

__all__ = ["any_of", "as_completed", "gather", "race", "select", "wait"]

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")


class _Combination(Combined[T]):
    """The base of all combinators: children of one invocation, and the await tree of them."""

    __slots__ = ("_children",)

    combinator = Combinator.UNKNOWN
    asks_verdicts = False
    """Whether the outcome depends on which children succeed, and not only on which are done."""

    def __init__(self, operations: Operations, children: tuple[DurableFuture[Any], ...]) -> None:
        self.operations = operations
        self._parents = None
        self.is_done = False
        self.is_used = False
        self._children = children
        self.build_on(children)
        for child in children:
            if child.is_done:
                self.child_done(child)
                if self.is_done:
                    return
        for child in children:
            if not child.is_done:
                child.add_parent(self)

    def awaiting(self) -> Await:
        """Return the tree of the children that are not done."""
        tree = Await(self.combinator)
        for child in self._children:
            if not child.is_done:
                tree.add(child.awaiting_verdict() if self.asks_verdicts else child.awaiting())
        return tree


class _Gather(_Combination[T]):
    """Done once all children succeeded, or once one failed."""

    __slots__ = ("_failed", "_left")

    combinator = Combinator.ALL_SUCCEEDED_OR_FIRST_FAILED
    asks_verdicts = True

    def __init__(self, operations: Operations, children: tuple[DurableFuture[Any], ...]) -> None:
        self._failed: DurableFuture[Any] | None = None
        self._left = len(children)
        super().__init__(operations, children)

    def child_done(self, child: DurableFuture[Any]) -> None:
        self._left -= 1
        if child.has_failed:
            self._failed = child
        if child.has_failed or self._left == 0:
            self._mark_done()

    def outcome(self) -> T:
        if self._failed is not None:
            try:
                return self._failed.outcome()
            except TerminalError as error:  # a new one for each call, so a note may be added
                place = self._children.index(self._failed) + 1
                error.add_note(f"(gather: number {place} of {len(self._children)} failed)")
                raise
        return tuple(child.outcome() for child in self._children)  # pyright: ignore[reportReturnType] - gather's overloads say what T is

    @property
    def has_failed(self) -> bool:
        return self._failed is not None


class _Race(_Combination[T]):
    """Done as soon as one child is done, whether it succeeded or failed."""

    __slots__ = ("_winner",)

    combinator = Combinator.FIRST_COMPLETED

    def __init__(self, operations: Operations, children: tuple[DurableFuture[Any], ...]) -> None:
        self._winner: DurableFuture[Any] | None = None
        super().__init__(operations, children)

    def child_done(self, child: DurableFuture[Any]) -> None:
        self._winner = child
        self._mark_done()

    def outcome(self) -> T:
        assert self._winner is not None, "outcome() of a future that is not done"
        return self._winner.outcome()

    @property
    def has_failed(self) -> bool:
        return self._winner is not None and self._winner.has_failed

    def awaiting_verdict(self) -> Await:
        if len(self._children) == 1:
            return self._children[0].awaiting_verdict()
        # If several children are done, Restate may report any of them as the first.
        return self.awaiting().undecided()


class _Select(_Race[T]):
    """A race that returns the winner's name along with its result."""

    __slots__ = ("_names",)

    def __init__(self, operations: Operations, named: dict[str, DurableFuture[Any]]) -> None:
        self._names = tuple(named)
        super().__init__(operations, tuple(named.values()))

    def outcome(self) -> T:
        assert self._winner is not None, "outcome() of a future that is not done"
        name = self._names[self._children.index(self._winner)]
        try:
            return name, self._winner.outcome()  # pyright: ignore[reportReturnType] - select says what T is
        except TerminalError as error:  # as in _Gather
            error.selected = name
            error.add_note(f"(select: {name!r} failed)")
            raise


class _AnyOf(_Combination[T]):
    """Done as soon as one child succeeds, or once all have failed."""

    __slots__ = ("_left", "_winner")

    combinator = Combinator.FIRST_SUCCEEDED_OR_ALL_FAILED
    asks_verdicts = True

    def __init__(self, operations: Operations, children: tuple[DurableFuture[Any], ...]) -> None:
        self._winner: DurableFuture[Any] | None = None
        self._left = len(children)
        super().__init__(operations, children)

    def child_done(self, child: DurableFuture[Any]) -> None:
        self._left -= 1
        if not child.has_failed:
            self._winner = child
        if self._winner is not None or self._left == 0:
            self._mark_done()

    def outcome(self) -> T:
        if self._winner is not None:
            return self._winner.outcome()
        first, *others = (error for error in map(_failure_of, self._children) if error)
        for error in others:
            first.add_note(f"(any_of: another failed with {describe_error(error)})")
        raise first

    @property
    def has_failed(self) -> bool:
        return self.is_done and self._winner is None


class _Wait(_Combination[T]):
    """Done once `return_when` holds; the outcome is what is done, and what is not."""

    __slots__ = ("_left", "_return_when", "asks_verdicts", "combinator")

    def __init__(
        self, operations: Operations, children: tuple[DurableFuture[Any], ...], return_when: str
    ) -> None:
        self._left = len(children)
        self._return_when = return_when
        self.combinator = _COMBINATORS[return_when]
        self.asks_verdicts = return_when == asyncio.FIRST_EXCEPTION
        super().__init__(operations, children)

    def child_done(self, child: DurableFuture[Any]) -> None:
        self._left -= 1
        if (
            self._left == 0
            or self._return_when == asyncio.FIRST_COMPLETED
            or (self._return_when == asyncio.FIRST_EXCEPTION and child.has_failed)
        ):
            self._mark_done()

    def outcome(self) -> T:
        done = [child for child in self._children if child.is_done]
        pending = [child for child in self._children if not child.is_done]
        return done, pending  # pyright: ignore[reportReturnType] - wait says what T is

    @property
    def has_failed(self) -> bool:
        return False

    def awaiting_verdict(self) -> Await:
        tree = self.awaiting()
        if self.combinator is not Combinator.ALL_COMPLETED:  # it succeeds whatever its children do
            tree = Await(Combinator.ALL_COMPLETED, nested=[tree])
        return tree


_COMBINATORS = {
    asyncio.FIRST_COMPLETED: Combinator.FIRST_COMPLETED,
    asyncio.FIRST_EXCEPTION: Combinator.ALL_SUCCEEDED_OR_FIRST_FAILED,
    asyncio.ALL_COMPLETED: Combinator.ALL_COMPLETED,
}


def _failure_of(future: DurableFuture[Any]) -> Exception | None:
    try:
        future.outcome()
    except Exception as error:  # noqa: BLE001 - a function given to `map` may raise any
        return error
    return None


@overload
def gather(f1: DurableFuture[T1], /) -> DurableFuture[tuple[T1]]: ...
@overload
def gather(f1: DurableFuture[T1], f2: DurableFuture[T2], /) -> DurableFuture[tuple[T1, T2]]: ...
@overload
def gather(
    f1: DurableFuture[T1], f2: DurableFuture[T2], f3: DurableFuture[T3], /
) -> DurableFuture[tuple[T1, T2, T3]]: ...
@overload
def gather(
    f1: DurableFuture[T1], f2: DurableFuture[T2], f3: DurableFuture[T3], f4: DurableFuture[T4], /
) -> DurableFuture[tuple[T1, T2, T3, T4]]: ...
@overload
def gather(*futures: DurableFuture[T]) -> DurableFuture[tuple[T, ...]]: ...
def gather(*futures: DurableFuture[Any]) -> DurableFuture[Any]:
    """Wait for all futures: the results as a tuple, in the order of the arguments.

    The first failure is raised at once, with the number of its argument in a note; the other
    operations go on.

    Args:
        *futures: durable futures of this invocation, at least one.

    Raises:
        TypeError: an argument is not a durable future.
        ValueError: no future is given, they belong to different invocations, or more than 200 are
            built one on another.
        RuntimeError: the caller is not the handler's own code.
    """
    operations = _operations_of(futures)
    return operations.begin(lambda: _Gather[Any](operations, futures))


def select(**futures: DurableFuture[T]) -> DurableFuture[tuple[str, T]]:
    """Wait for the first future that is done: its name and its result.

    ```python
    match await select(answer=ctx.awakeable(Answer), timeout=ctx.sleep(timedelta(minutes=5))):
        case "answer", answer: ...
        case "timeout", _: ...
    ```

    If it failed, its error is raised, with the name as the error's `selected`. The other operations
    go on; their futures can be awaited later.

    Args:
        **futures: durable futures of this invocation by name, at least one.

    Raises:
        TypeError: an argument is not a durable future.
        ValueError: no future is given, they belong to different invocations, or more than 200 are
            built one on another.
        RuntimeError: the caller is not the handler's own code.
    """
    operations = _operations_of(futures.values())
    return operations.begin(lambda: _Select[Any](operations, futures))


def race(*futures: DurableFuture[T]) -> DurableFuture[T]:
    """Wait for the first future that is done: return its result, or raise its failure.

    The other operations go on; their futures can be awaited later. `select` also says which one it
    was.

    Args:
        *futures: durable futures of this invocation, at least one.

    Raises:
        TypeError: an argument is not a durable future.
        ValueError: no future is given, they belong to different invocations, or more than 200 are
            built one on another.
        RuntimeError: the caller is not the handler's own code.
    """
    operations = _operations_of(futures)
    return operations.begin(lambda: _Race[T](operations, futures))


def any_of(*futures: DurableFuture[T]) -> DurableFuture[T]:
    """Wait for the first future that succeeds: return its result.

    If all fail, the failure of the first argument is raised, with the others in its notes.

    Args:
        *futures: durable futures of this invocation, at least one.

    Raises:
        TypeError: an argument is not a durable future.
        ValueError: no future is given, they belong to different invocations, or more than 200 are
            built one on another.
        RuntimeError: the caller is not the handler's own code.
    """
    operations = _operations_of(futures)
    return operations.begin(lambda: _AnyOf[T](operations, futures))


def wait(
    *futures: DurableFuture[T], return_when: str = asyncio.ALL_COMPLETED
) -> DurableFuture[tuple[list[DurableFuture[T]], list[DurableFuture[T]]]]:
    """Wait until some or all futures are done, as `asyncio.wait` does.

    Args:
        *futures: durable futures of this invocation, at least one.
        return_when: `asyncio.ALL_COMPLETED`, `FIRST_COMPLETED` or `FIRST_EXCEPTION`.

    Returns:
        The future of two lists, in the order of the arguments: the futures that are done, and those
        that are not. It never fails; awaiting a future of the first list raises what that one
        failed with.

    Raises:
        TypeError: an argument is not a durable future.
        ValueError: no future is given, they belong to different invocations, more than 200 are
            built one on another, or `return_when` is not one of the three.
        RuntimeError: the caller is not the handler's own code.
    """
    if return_when not in _COMBINATORS:
        raise ValueError(f"wait(return_when={return_when!r}): must be {', '.join(_COMBINATORS)}")
    operations = _operations_of(futures)
    return operations.begin(lambda: _Wait[Any](operations, futures, return_when))


async def as_completed(*futures: DurableFuture[T]) -> AsyncIterator[DurableFuture[T]]:
    """Iterate over futures in the order in which they are done.

    ```python
    async for done in as_completed(*(client.quote(request) for client in clients)):
        quote = await done
    ```

    Futures that are done already come first, in the order of the arguments.

    Args:
        *futures: durable futures of this invocation, at least one.

    Raises:
        TypeError: an argument is not a durable future.
        ValueError: no future is given, they belong to different invocations, or more than 200 are
            built one on another.
    """
    left = list(futures)
    while left:
        done, left = await wait(*left, return_when=asyncio.FIRST_COMPLETED)
        for future in done:
            yield future


def _operations_of(children: Iterable[Any]) -> Operations:
    operations: Operations | None = None
    for child in children:
        if not isinstance(child, DurableFuture):
            raise TypeError(
                f"only durable futures of this invocation can be combined, not {child!r}; wrap other "
                "work in ctx.run(...)"
            )
        mine: Operations = child.operations  # pyright: ignore[reportUnknownMemberType]
        if operations is None:
            operations = mine
        elif mine is not operations:
            raise ValueError("durable futures of different invocations cannot be combined")
    if operations is None:
        raise ValueError("give at least one durable future")
    return operations
