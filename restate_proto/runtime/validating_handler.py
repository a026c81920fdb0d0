"""A handler that validates each request by its `buf.validate` rules before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from restate_proto.errors import TerminalError
from restate_proto.model.retry import OnJournalMismatch
from restate_proto.protocol import DEFAULT_MAX_OUTBOUND, MAX_LENGTH
from restate_proto.runtime.handler import BoundHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from restate_proto.codec.validation import Validator
    from restate_proto.model.key_format import FixedKey, KeyFormat
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.payload_codec import PayloadCodecs
    from restate_proto.model.service import HandlerDescriptor
    from restate_proto.protocol import Input, StateMachine

__all__ = ["ValidatingHandler"]


class ValidatingHandler(BoundHandler):
    """A handler whose requests have rules; a separate class, so that others pay nothing for it.

    Args:
        validator: validates its requests.
        descriptor: this and all further arguments are those of `BoundHandler`.
    """

    __slots__ = ("_validator",)

    def __init__(
        self,
        validator: Validator,
        descriptor: HandlerDescriptor[Any, Any],
        method: Callable[[Any, Any], Coroutine[Any, Any, Any]],
        max_message: int = MAX_LENGTH,
        max_outbound: int = DEFAULT_MAX_OUTBOUND,
        on_journal_mismatch: OnJournalMismatch = OnJournalMismatch.RETRY,
        *,
        key: KeyFormat[Any] | FixedKey | None = None,
        payload_codecs: PayloadCodecs | None = None,
    ) -> None:
        super().__init__(
            descriptor,
            method,
            max_message,
            max_outbound,
            on_journal_mismatch,
            key=key,
            payload_codecs=payload_codecs,
        )
        self._validator = validator

    @override
    def read_request(self, input_: Input, machine: StateMachine) -> tuple[Any, Encoding]:
        """Return the request, validated, as `BoundHandler.read_request` does.

        A request is validated only when its invocation begins: a rule that is tightened later does
        not end invocations in the middle.

        Raises:
            TerminalError: as in `BoundHandler`; or the request breaks a rule: code 400, with the
                violations in the metadata.
            RuleError: a rule cannot be evaluated. The attempt is retried until the contract is
                corrected.
        """
        request, encoding = super().read_request(input_, machine)
        if not machine.has_begun:
            invalid = self._validator.check(request)
            if invalid is not None:
                raise TerminalError(
                    f"{self.name}: invalid request: {invalid.text}",
                    code=400,
                    metadata=invalid.metadata,
                )
        return request, encoding
