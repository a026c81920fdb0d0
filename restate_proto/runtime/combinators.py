"""Durable futures of several durable futures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, overload

from restate_proto.errors import TerminalError
from restate_proto.protocol import Await, Combinator
from restate_proto.runtime.futures import Combined, DurableFuture

if TYPE_CHECKING:
    from collections.abc import Iterable

    from restate_proto.runtime.operations import Operations

__all__ = ["gather", "select"]

T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
T4 = TypeVar("T4")


class _Combination(Combined[T]):
    """What the combinators have in common: children of one invocation, and their await tree."""

    __slots__ = ("_children",)

    combinator = Combinator.UNKNOWN

    def __init__(self, operations: Operations, children: tuple[DurableFuture[Any], ...]) -> None:
        self.operations = operations
        self._parents = None
        self.is_done = False
        self.is_used = False
        self._children = children
        for child in children:
            child.use()
        for child in children:
            if child.is_done:
                self.child_done(child)
                if self.is_done:
                    return
        for child in children:
            if not child.is_done:
                child.add_parent(self)

    def awaiting(self) -> Await:
        """The tree of the children that are not done."""
        tree = Await(self.combinator)
        for child in self._children:
            if not child.is_done:
                part = child.awaiting()
                if len(part.ids) == 1 and not part.nested:
                    tree.ids += part.ids
                else:
                    tree.nested.append(part)
        return tree


class _Gather(_Combination[T]):
    """Done when all succeeded, or with the first failure."""

    __slots__ = ("_failed", "_left")

    combinator = Combinator.ALL_SUCCEEDED_OR_FIRST_FAILED

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
            except TerminalError as error:  # made for this call
                place = self._children.index(self._failed) + 1
                error.add_note(f"(gather: number {place} of {len(self._children)} failed)")
                raise
        return tuple(child.outcome() for child in self._children)  # pyright: ignore[reportReturnType] - gather's overloads say what T is

    @property
    def has_failed(self) -> bool:
        return self._failed is not None


class _Select(_Combination[T]):
    """Done with the first that is done."""

    __slots__ = ("_names", "_winner")

    combinator = Combinator.FIRST_COMPLETED

    def __init__(self, operations: Operations, named: dict[str, DurableFuture[Any]]) -> None:
        self._names = tuple(named)
        self._winner: DurableFuture[Any] | None = None
        super().__init__(operations, tuple(named.values()))

    def child_done(self, child: DurableFuture[Any]) -> None:
        self._winner = child
        self._mark_done()

    def outcome(self) -> T:
        assert self._winner is not None, "outcome() of a future that is not done"
        name = self._names[self._children.index(self._winner)]
        try:
            return name, self._winner.outcome()  # pyright: ignore[reportReturnType] - select says what T is
        except TerminalError as error:  # made for this call
            error.selected = name
            error.add_note(f"(select: {name!r} failed)")
            raise

    @property
    def has_failed(self) -> bool:
        return self._winner is not None and self._winner.has_failed


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
    """Wait for all: the results as a tuple in the order given.

    The first failure is raised at once, with its place in a note; the others go on.

    Args:
        *futures: durable futures of this invocation, at least one.

    Raises:
        TypeError: an argument is no durable future.
        ValueError: there is none, or they belong to different invocations.
        RuntimeError: the caller is not the handler's own code.
    """
    operations = _operations_of(futures)
    return operations.begin(lambda: _Gather[Any](operations, futures))


def select(**futures: DurableFuture[T]) -> DurableFuture[tuple[str, T]]:
    """Wait for the first: its name and its result.

    ```python
    match await select(answer=ctx.awakeable(Answer), timeout=ctx.sleep(timedelta(minutes=5))):
        case "answer", answer: ...
        case "timeout", _: ...
    ```

    A failure of the first is raised, with its name as the error's `selected`. The others go on;
    they can be awaited later.

    Args:
        **futures: durable futures of this invocation by name, at least one.

    Raises:
        TypeError: an argument is no durable future.
        ValueError: there is none, or they belong to different invocations.
        RuntimeError: the caller is not the handler's own code.
    """
    operations = _operations_of(futures.values())
    return operations.begin(lambda: _Select[Any](operations, futures))


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
