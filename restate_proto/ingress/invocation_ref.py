"""References to existing invocations, and the requests about them; no I/O.

The requests name the invocation in a JSON body (Restate 1.7). A path could not hold every
idempotency key, because the server does not decode its segments.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from restate_proto.ingress.requests import HttpRequest, Operation
from restate_proto.model.arguments import check_string
from restate_proto.model.scope import check_scope

if TYPE_CHECKING:
    from restate_proto.model.target import Target

__all__ = [
    "IdempotentRef",
    "InvocationIdRef",
    "InvocationRef",
    "WorkflowRef",
    "attach_request",
    "lookup_request",
    "output_request",
]


@dataclass(frozen=True, slots=True)
class InvocationIdRef:
    """An invocation by its id."""

    invocation_id: str

    def __str__(self) -> str:
        return f"invocation {self.invocation_id}"

    def fields(self) -> dict[str, str | None]:
        """Return what names it in a request body."""
        return {"target": "invocation", "invocationId": self.invocation_id}


@dataclass(frozen=True, slots=True)
class IdempotentRef:
    """The invocation of a handler that an idempotency key stands for."""

    target: Target
    idempotency_key: str

    def __str__(self) -> str:
        return f"{self.target} with idempotency key {self.idempotency_key!r}"

    def fields(self) -> dict[str, str | None]:
        """Return what names it in a request body."""
        return {
            "target": "idempotentInvocation",
            "service": self.target.service_name,
            "key": self.target.key,
            "handler": self.target.handler_name,
            "idempotencyKey": self.idempotency_key,
            "scope": self.target.scope,
        }


@dataclass(frozen=True, slots=True)
class WorkflowRef:
    """The run of a workflow."""

    name: str
    key: str
    scope: str | None = None

    def __str__(self) -> str:
        return f"workflow {self.name}/{self.key}"

    def fields(self) -> dict[str, str | None]:
        """Return what names it in a request body."""
        return {
            "target": "workflow",
            "workflowName": self.name,
            "workflowKey": self.key,
            "scope": self.scope,
        }


InvocationRef = InvocationIdRef | IdempotentRef | WorkflowRef


def attach_request(ref: InvocationRef, *, accept: str) -> HttpRequest:
    """Make a request that waits for the result of an invocation.

    Args:
        ref: the invocation.
        accept: the wanted content type of the result.

    Raises:
        TypeError: a part of the reference is not a string.
        ValueError: a part of the reference is empty.
    """
    return _ref_request(Operation.ATTACH, f"attach to {ref}", ref, accept)


def output_request(ref: InvocationRef, *, accept: str) -> HttpRequest:
    """Make a request for the result of an invocation that does not wait; see `attach_request`."""
    return _ref_request(Operation.OUTPUT, f"output of {ref}", ref, accept)


def lookup_request(ref: InvocationRef) -> HttpRequest:
    """Make a request for the id that an invocation has, or would have if it existed."""
    return _ref_request(Operation.LOOKUP, f"id of {ref}", ref, "application/json")


def _ref_request(operation: Operation, what: str, ref: InvocationRef, accept: str) -> HttpRequest:
    fields = ref.fields()
    for name, value in fields.items():
        if value == "":
            raise ValueError(f"{what}: the {name} is empty")
        if value is not None:
            check_string(what, name, value)
    check_scope(what, fields.get("scope"))
    present = {name: value for name, value in fields.items() if value is not None}
    return HttpRequest(
        operation=operation,
        what=what,
        method="POST",
        path=f"/restate/{operation}",
        headers=((b"content-type", b"application/json"), (b"accept", accept.encode("ascii"))),
        body=json.dumps(present, ensure_ascii=False).encode(),
        repeatable=True,
    )
