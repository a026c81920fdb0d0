"""Hand-made journals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from restate_proto.ingress.introspection import RawJournal
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import TYPES

if TYPE_CHECKING:
    from google.protobuf.message import Message

__all__ = ["ID", "input_of", "journal", "run", "run_result", "value"]

ID = "inv_115oNPF1D1aq6oC6IO1JxB3IPgUoIb9G7h"


def value(content: bytes) -> pb.Value:
    return pb.Value(content=content)


def input_of(request: Message) -> pb.InputCommandMessage:
    return pb.InputCommandMessage(value=value(request.SerializeToString()))


def run(id_: int, name: str) -> pb.RunCommandMessage:
    return pb.RunCommandMessage(result_completion_id=id_, name=name)


def run_result(id_: int, text: str) -> pb.RunCompletionNotificationMessage:
    return pb.RunCompletionNotificationMessage(
        completion_id=id_, value=value(json.dumps(text).encode())
    )


def journal(
    handler: str,
    *messages: Message,
    status: str = "running",
    awaits: list[dict[str, Any]] | None = None,
    **columns: Any,
) -> RawJournal:
    """Return the journal of a handler, such as `conformance.v1.Clerk/Perform`."""
    service, _, name = handler.rpartition("/")
    row: dict[str, Any] = {
        "id": ID,
        "target_service_name": service,
        "target_handler_name": name,
        "status": status,
        "created_at": "2026-11-30T03:17:50.790Z",
        "journal_size": len(messages),
        "pinned_service_protocol_version": 6,
    }
    if awaits is not None:
        waiting = {"Unknown": [{"Single": each} for each in awaits]}
        row |= {"status": "suspended", "suspended_waiting_future_json": json.dumps(waiting)}
    frames = [(TYPES[type(each)], each.SerializeToString()) for each in messages]
    return RawJournal.of_frames(row | columns, frames)
