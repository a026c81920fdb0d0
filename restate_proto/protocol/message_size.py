"""How large a message may be, so that Restate takes it."""

from __future__ import annotations

from restate_proto.protocol.errors import MessageTooLargeError

__all__ = ["DEFAULT_MAX_OUTBOUND", "MAX_PAYLOAD", "RESTATES_SHARE", "check_size"]

DEFAULT_MAX_OUTBOUND = 32 * 2**20
"""Restate's default `message-size-limit`, in bytes; messages have to be shorter."""

RESTATES_SHARE = 64 * 2**10
"""The part of its limit, in bytes, that Restate needs for itself when a value leaves the
invocation, as in a call or a result. Restate 1.7.12 takes half of this. It says nothing about a
message that is larger than what is left: the invocation just never goes on.
"""

MAX_PAYLOAD = DEFAULT_MAX_OUTBOUND - RESTATES_SHARE
"""The length in bytes from which on a payload is too long for Restate's default limit."""


def check_size(what: str, size: int, max_outbound: int) -> None:
    """Refuse a message that is too large for Restate.

    Args:
        what: what is to be written, for the error text.
        size: its length in bytes.
        max_outbound: the `message-size-limit` of the server, in bytes.

    Raises:
        MessageTooLargeError: it is too large.
    """
    if size >= max_outbound - RESTATES_SHARE:
        raise MessageTooLargeError(
            f"{what}: {size} bytes are more than Restate takes at once, whose message-size-limit is "
            f"{max_outbound} bytes. Store what is so large elsewhere, and pass on where it is; or "
            "raise the limit in the server's configuration and here, with "
            "Limits(max_outbound_message=...)."
        )
