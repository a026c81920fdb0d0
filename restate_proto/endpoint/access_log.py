"""The access log: one line for each request, written when it has been answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from restate_proto.logs import InvocationFields, get_logger
from restate_proto.model.interceptors import Interceptor

if TYPE_CHECKING:
    from restate_proto.model.intercepted import EndedAttempt

__all__ = ["AccessLog", "log_request"]

_log = get_logger("restate_proto.access")
_log.setLevel("WARNING")  # off, until somebody turns it on


class AccessLog(Interceptor):
    """Logs each attempt when it has ended, and every other request except health checks.

    ```text
    INFO restate_proto.access: shop.v1.Cart/ada/AddTicket inv_1a2b attempt 1: completed, 3.2 ms, 0 entries replayed, 211 bytes in, 64 out
    INFO restate_proto.access: GET /discover: 200
    ```

    Its logger is `restate_proto.access`, at the level "info".
    """

    def __init__(self) -> None:
        _log.setLevel("INFO")

    @override
    def attempt_ended(self, ended: EndedAttempt) -> None:
        attempt = ended.attempt
        if attempt.is_repetition:
            return
        fields = InvocationFields(
            attempt.invocation_id, str(attempt.target), attempt.target.key or "", attempt.number
        )
        _log.info(
            "%s %s attempt %d: %s, %.1f ms, %d entries replayed, %d bytes in, %d out",
            fields.invocation_target,
            fields.invocation_id or "(unknown)",
            fields.invocation_attempt,
            ended.outcome if ended.code is None else f"{ended.outcome} [{ended.code}]",
            ended.seconds * 1000,
            max(0, attempt.known_entries - 1),
            ended.bytes_received,
            ended.bytes_sent,
            extra=fields._asdict(),
        )


def log_request(method: str, path: str, status: int) -> None:
    """Log a request that is not an attempt."""
    _log.info("%s %s: %d", method, path, status)
