"""The kinds of services, handlers and encodings, in the words of Restate's manifest."""

from __future__ import annotations

from enum import Enum

__all__ = ["Encoding", "HandlerKind", "ServiceKind"]


class ServiceKind(Enum):
    """What a service is; the value is its `ty` in the discovery manifest."""

    SERVICE = "SERVICE"
    VIRTUAL_OBJECT = "VIRTUAL_OBJECT"
    WORKFLOW = "WORKFLOW"


class HandlerKind(Enum):
    """How a handler of an object or a workflow runs; the value is its `ty` in the manifest."""

    EXCLUSIVE = "EXCLUSIVE"
    SHARED = "SHARED"
    WORKFLOW = "WORKFLOW"


class Encoding(Enum):
    """How a message becomes a payload: its binary form or its canonical ProtoJSON."""

    PROTOBUF = "PROTOBUF"
    JSON = "JSON"
