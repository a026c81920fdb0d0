"""Calls and messages to handlers by name: the part of a context that generated clients replace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from restate_proto.codec.registry import codec_for
from restate_proto.model.arguments import check_encoding, check_string
from restate_proto.model.options import CALL_OPTIONS, SEND_OPTIONS, check_option_names
from restate_proto.model.target import Target, check_target
from restate_proto.protocol.ids import check_invocation_id
from restate_proto.runtime.calls import start_call, start_send
from restate_proto.runtime.invocations import (
    CallFuture,
    InvocationHandle,
    InvocationRef,
    idempotent_invocation,
    known_id,
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
    """A context that reaches other handlers by name; generated clients do the same with types."""

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
        """Call a handler by name; a generated client does the same with types.

        Args:
            target: the handler: `Target.object("shop.v1.Cart", "alice", "AddTicket")`.
            request: a message, or a plain value (None, str, dict, ... as JSON; bytes as they are).
            response_type: the class of the response: a message class, or the type of a plain value.
            encoding: the encoding that the callee expects; by default this handler's.
            **options: see `CallOptions`.

        Returns:
            The future of the response.

        Raises:
            TypeError: the request or the response type has no codec, or an option does not
                exist.
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
        """Send a one-way message to a handler by name; a generated client does the same with types.

        Args:
            target: the handler.
            request: as for `call`.
            encoding: the encoding that the callee expects; by default this handler's.
            **options: see `SendOptions`; a `delay` of zero or less sends at once.

        Returns:
            The invocation that the message starts. Its result is bytes; `ctx.invocation` gives it a
            type.
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
        """Return a handle of an invocation: to attach to it, cancel it or send it signals.

        Args:
            invocation_id: the id, `inv_...`.
            response_type: the type of its result.
            encoding: the encoding that it expects signals in; by default this handler's.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: the text is not the id of an invocation.
        """
        check_string("ctx.invocation", "invocation_id", invocation_id)
        check_invocation_id("ctx.invocation", invocation_id)
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
        """Return the invocation that was started with an idempotency key, to attach to it.

        Args:
            target: the handler.
            idempotency_key: the key that it was called with.
            response_type: the type of its response.
            encoding: the encoding of that handler's contract; by default this handler's.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: a key is empty, or the scope is not valid.
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
        """Return the run of a workflow by its id, to attach to it or read its output.

        Args:
            name: the Restate name of the workflow, such as `shop.v1.Signup`.
            key: the workflow id.
            response_type: the response type of its run handler.
            scope: the scope of the workflow.
            encoding: the encoding of the workflow's contract; by default this handler's.

        Raises:
            TypeError: an argument is of a wrong type.
            ValueError: the id is empty, or the scope is not valid.
        """
        target = Target.workflow(name, key, "", scope=scope)
        encoding = encoding or self._encoding
        check_encoding("ctx.workflow", encoding)
        return workflow_run(self._operations, target, codec_for(response_type), encoding)
