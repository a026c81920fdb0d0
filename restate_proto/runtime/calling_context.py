"""What every handler can do with other handlers and their invocations, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from restate_proto.codec.registry import codec_for
from restate_proto.model.arguments import check_encoding, check_string
from restate_proto.model.options import CALL_OPTIONS, SEND_OPTIONS, check_option_names
from restate_proto.model.target import Target, check_target
from restate_proto.runtime.invocations import (
    CallFuture,
    InvocationHandle,
    InvocationRef,
    idempotent_invocation,
    known_id,
    start_call,
    start_send,
    workflow_run,
)
from restate_proto.runtime.patches import PatchableContext
from restate_proto.runtime.values import write

if TYPE_CHECKING:
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.options import CallOptions, SendOptions

__all__ = ["CallingContext"]

R = TypeVar("R")


class CallingContext(PatchableContext):
    """A context that reaches other handlers; generated clients are the typed way."""

    __slots__ = ()

    def call(
        self,
        target: Target,
        request: Any,
        response_type: type[R],
        *,
        encoding: Encoding | None = None,
        **options: Unpack[CallOptions],
    ) -> CallFuture[R]:
        """Call a handler by name; generated clients are the typed way.

        Args:
            target: the handler: `Target.object("shop.v1.Cart", "alice", "AddTicket")`.
            request: a message, or a plain value (None, str, dict, ... as JSON; bytes as they are).
            response_type: the type of the response, likewise.
            encoding: how the callee expects a message; by default as this handler's contract has it.
            **options: see `CallOptions`.

        Returns:
            The future of the response.

        Raises:
            TypeError: request or response type have no codec, or there is no such option.
        """
        check_target("ctx.call", target)
        if options:
            check_option_names("ctx.call", options, CALL_OPTIONS)
        encoding = encoding or self._encoding
        check_encoding("ctx.call", encoding)
        return start_call(
            self._operations,
            target,
            write(request, None, encoding),
            codec_for(response_type),
            encoding,
            options,
        )

    def send(
        self,
        target: Target,
        request: Any,
        *,
        encoding: Encoding | None = None,
        **options: Unpack[SendOptions],
    ) -> InvocationHandle[bytes]:
        """Send a one-way message to a handler by name.

        Args:
            target: the handler.
            request: as for `call`.
            encoding: how the callee expects a message; by default as this handler's contract has it.
            **options: see `SendOptions`; a `delay` of nothing or less is none.

        Returns:
            The invocation that the message starts; its result is bytes: `ctx.invocation` types it.
        """
        check_target("ctx.send", target)
        if options:
            check_option_names("ctx.send", options, SEND_OPTIONS)
        encoding = encoding or self._encoding
        check_encoding("ctx.send", encoding)
        return start_send(
            self._operations,
            target,
            write(request, None, encoding),
            codec_for(bytes),
            encoding,
            options,
        )

    @overload
    def invocation(
        self, invocation_id: str, *, encoding: Encoding | None = None
    ) -> InvocationHandle[bytes]: ...
    @overload
    def invocation(
        self,
        invocation_id: str,
        response_type: type[R],
        *,
        encoding: Encoding | None = None,
    ) -> InvocationHandle[R]: ...
    def invocation(
        self,
        invocation_id: str,
        response_type: type[Any] = bytes,
        *,
        encoding: Encoding | None = None,
    ) -> InvocationHandle[Any]:
        """An invocation whose id is known: to attach to, to cancel, to send a signal to.

        Args:
            invocation_id: its id, `inv_...`.
            response_type: the type of its result.
            encoding: how it expects the signals that are sent to it; by default as this handler's
                contract has it.
        """
        check_string("ctx.invocation", "invocation_id", invocation_id)
        encoding = encoding or self._encoding
        check_encoding("ctx.invocation", encoding)
        id_ = known_id(self._operations, invocation_id)
        return InvocationHandle(id_, codec_for(response_type), encoding)

    def idempotent_invocation(
        self,
        target: Target,
        idempotency_key: str,
        response_type: type[R],
        *,
        encoding: Encoding | None = None,
    ) -> InvocationRef[R]:
        """What a handler was called for with an idempotency key: to attach to it.

        Args:
            target: the handler.
            idempotency_key: the key that it was called with.
            response_type: the type of its response.
            encoding: as its contract says; by default as this handler's does.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: a key is empty, or the scope is none.
        """
        check_target("ctx.idempotent_invocation", target)
        encoding = encoding or self._encoding
        check_encoding("ctx.idempotent_invocation", encoding)
        codec = codec_for(response_type)
        return idempotent_invocation(self._operations, target, idempotency_key, codec, encoding)

    def workflow(
        self,
        name: str,
        key: str,
        response_type: type[R],
        *,
        scope: str | None = None,
        encoding: Encoding | None = None,
    ) -> InvocationRef[R]:
        """The run of the workflow with this id: to attach to it; generated clients have `handle`.

        Args:
            name: the Restate name of the workflow, such as `shop.v1.Signup`.
            key: the workflow id.
            response_type: the response type of its run handler.
            scope: the scope of the workflow.
            encoding: as its contract says; by default as this handler's does.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: the id is empty, or the scope is none.
        """
        target = Target.workflow(name, key, "", scope=scope)
        encoding = encoding or self._encoding
        check_encoding("ctx.workflow", encoding)
        return workflow_run(self._operations, target, codec_for(response_type), encoding)
