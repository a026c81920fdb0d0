"""A handler whose requests are validated before it runs."""

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
    """A handler whose requests have rules; a class of its own, so that others have no check.

    Args:
        validator: validates its requests.
        descriptor: as for `BoundHandler`, and likewise what follows.
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
        """As `BoundHandler.read_request`, of a request that keeps the rules.

        An invocation that has begun kept those of its time: that a rule is tightened does not end
        it in the middle.

        Raises:
            TerminalError: likewise, and where it does not keep them; code 400, and the violations
                are in its metadata.
            RuleError: a rule cannot be evaluated. The contract is to be corrected, so it is retried.
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
