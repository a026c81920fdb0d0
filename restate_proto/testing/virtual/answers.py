"""The answers of the ingress and of the admin API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.testing.virtual.invocation import Invocation, Outcome

__all__ = ["Answer", "RefusedError", "json_answer", "outcome_answer", "refusal"]


@dataclass(frozen=True, slots=True)
class Answer:
    """A response.

    Args:
        status: the HTTP status.
        body: the body.
        headers: the headers.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class RefusedError(Exception):
    """The ingress refuses a request.

    Args:
        message: as the ingress words it.
        status: the HTTP status of its answer.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def json_answer(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a response that is JSON."""
    own = {"content-type": "application/json"}
    return Answer(status, json.dumps(value).encode(), {**own, **(headers or {})})


def refusal(status: int, message: str) -> Answer:
    """Return what the ingress answers to what it does not take."""
    body = {"message": message, "code": status, "source": "ingress"}
    return json_answer(status, body, {"x-restate-error-source": "ingress"})


def outcome_answer(invocation: Invocation, outcome: Outcome, *, is_stored: bool) -> Answer:
    """Return what an invocation has ended with.

    Args:
        invocation: the invocation.
        outcome: its result or failure.
        is_stored: whether it had ended when it was asked for: then the answer says how long it is kept.
    """
    headers = {"x-restate-id": invocation.id}
    if is_stored:
        expires = invocation.expires_at / 1000
        text = datetime.fromtimestamp(expires, UTC).isoformat(timespec="milliseconds")
        headers["idempotency-expires"] = text
    if isinstance(outcome, bytes):
        if outcome:
            headers["content-type"] = invocation.handler.gives
        return Answer(200, outcome, headers)
    body: dict[str, Any] = {
        "code": outcome.code,
        "message": outcome.message,
        "source": "invocation",
    }
    if outcome.metadata:
        body["metadata"] = dict(outcome.metadata)
    headers["x-restate-error-source"] = "invocation"
    return json_answer(outcome.code, body, headers)
