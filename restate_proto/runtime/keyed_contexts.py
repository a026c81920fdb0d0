"""The contexts of virtual objects and workflows, which add a key, state and promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from restate_proto.codec.registry import codec_for
from restate_proto.model.arguments import check_string, wrong_key
from restate_proto.model.keys import PromiseKey, StateKey
from restate_proto.model.kinds import HandlerKind, ServiceKind
from restate_proto.runtime.context import Context
from restate_proto.runtime.external_events import DurablePromise
from restate_proto.runtime.futures import Leaf
from restate_proto.runtime.missing import ONLY_READS_OBJECT, ONLY_READS_WORKFLOW, Missing
from restate_proto.runtime.values import optional_reader, read_keys, write

if TYPE_CHECKING:
    from restate_proto.model.keys import SetsState
    from restate_proto.model.service import HandlerDescriptor
    from restate_proto.runtime.futures import DurableFuture

__all__ = [
    "ObjectContext",
    "ObjectSharedContext",
    "WorkflowContext",
    "WorkflowSharedContext",
    "WritingContext",
    "context_class",
]

T = TypeVar("T")


class _KeyedContext(Context):
    """What the handlers of objects and workflows have: a key, and state that they can read."""

    __slots__ = ()

    @property
    def key(self) -> str:
        """The object's key, or the workflow's id."""
        return self._journal.start.key

    def get(self, key: StateKey[T], *, name: str = "") -> DurableFuture[T | None]:
        """Return the value of a state key; None if it has none.

        Args:
            key: the state key.
            name: the name that Restate shows for the entry, beside the key.
        """
        if not isinstance(key, StateKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("ctx.get", key, StateKey)
        if name:
            check_string("ctx.get", "name", name)
        read = optional_reader(codec_for(key.type), self._encoding, "state", key.name)
        operations, commands = self._operations, self._commands
        return operations.begin(lambda: Leaf(operations, read, commands.state.get(key.name, name)))

    def state_keys(self, *, name: str = "") -> DurableFuture[tuple[str, ...]]:
        """Return the names of the state keys that have a value.

        Args:
            name: the name that Restate shows for the entry.
        """
        if name:
            check_string("ctx.state_keys", "name", name)
        operations, commands = self._operations, self._commands
        return operations.begin(lambda: Leaf(operations, read_keys, commands.state.keys(name)))


class WritingContext(_KeyedContext):
    """What the one handler that may write the state of a key has beside reading it."""

    __slots__ = ()

    def set(self, key: SetsState[T], value: T, *, name: str = "") -> None:
        """Write a state key.

        Args:
            key: the state key.
            value: its new value.
            name: the name that Restate shows for the entry, beside the key.

        Raises:
            TypeError: the value is not of the key's type.
        """
        if not isinstance(key, StateKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("ctx.set", key, StateKey)
        if name:
            check_string("ctx.set", "name", name)
        payload = write(value, key.type, self._encoding)
        self._operations.check_caller()
        self._commands.state.set(key.name, payload, name)

    def clear(self, key: StateKey[Any], *, name: str = "") -> None:
        """Remove a state key.

        Args:
            key: the state key.
            name: the name that Restate shows for the entry, beside the key.
        """
        if not isinstance(key, StateKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("ctx.clear", key, StateKey)
        check_string("ctx.clear", "name", name)
        self._operations.check_caller()
        self._commands.state.clear(key.name, name)

    def clear_all(self, *, name: str = "") -> None:
        """Remove every state key.

        Args:
            name: the name that Restate shows for the entry.
        """
        check_string("ctx.clear_all", "name", name)
        self._operations.check_caller()
        self._commands.state.clear_all(name)


class _PromiseContext(_KeyedContext):
    """What the handlers of workflows have: promises."""

    __slots__ = ()

    def promise(self, key: PromiseKey[T], *, name: str = "") -> DurablePromise[T]:
        """Return a promise of this workflow.

        Args:
            key: the promise.
            name: the name that Restate shows for the entry that waits for the value, beside the
                key.
        """
        if not isinstance(key, PromiseKey):  # pyright: ignore[reportUnnecessaryIsInstance] - not all users have a type checker
            raise wrong_key("ctx.promise", key, PromiseKey)
        check_string("ctx.promise", "name", name)
        return DurablePromise(self._operations, key, self._encoding, name)


class ObjectSharedContext(_KeyedContext):
    """The context of a virtual object's shared handlers, which read its state."""

    __slots__ = ()

    if not TYPE_CHECKING:
        set = Missing(ONLY_READS_OBJECT)
        clear = Missing(ONLY_READS_OBJECT)
        clear_all = Missing(ONLY_READS_OBJECT)


class ObjectContext(WritingContext, ObjectSharedContext):
    """The context of a virtual object's exclusive handlers, which read and write its state."""

    __slots__ = ()


class WorkflowSharedContext(_PromiseContext):
    """The context of a workflow's shared handlers."""

    __slots__ = ()

    if not TYPE_CHECKING:
        set = Missing(ONLY_READS_WORKFLOW)
        clear = Missing(ONLY_READS_WORKFLOW)
        clear_all = Missing(ONLY_READS_WORKFLOW)


class WorkflowContext(WritingContext, WorkflowSharedContext):
    """The context of a workflow's run handler."""

    __slots__ = ()


def context_class(descriptor: HandlerDescriptor[Any, Any]) -> type[Context]:
    """Return the context class for handlers of a descriptor's kind."""
    if descriptor.service_kind is ServiceKind.SERVICE:
        return Context
    if descriptor.service_kind is ServiceKind.VIRTUAL_OBJECT:
        return ObjectSharedContext if descriptor.kind is HandlerKind.SHARED else ObjectContext
    return WorkflowContext if descriptor.kind is HandlerKind.WORKFLOW else WorkflowSharedContext
