"""The journals of a virtual server, in the form of a real server's tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from restate_proto.ingress.introspection import RawJournal
from restate_proto.protocol.player import awaited_ids
from restate_proto.testing.virtual.invocation_row import invocation_row

if TYPE_CHECKING:
    from restate_proto.protocol.notifications import NotificationId
    from restate_proto.testing.virtual.invocation import Invocation

__all__ = ["recorded"]


def recorded(invocation: Invocation, version: int, created_at: str) -> RawJournal:
    """Return the record of an invocation.

    Args:
        invocation: the invocation.
        version: the service protocol version.
        created_at: the time of its arrival, as SQL writes it.
    """
    row = invocation_row(invocation, version) | {
        "target_service_ty": "workflow" if invocation.handler.is_run else "service",
        "vqueue_id": "virtual",  # with vqueues, a server tells attempts everything it knows
        "created_at": created_at,
        "random_seed": invocation.seed,
    }
    if invocation.awaited is not None:
        leaves = [{"Single": _future_leaf(id_)} for id_ in awaited_ids(invocation.awaited)]
        row["suspended_waiting_future_json"] = json.dumps({"Unknown": leaves})
    return RawJournal.of_frames(row, invocation.journal)


def _future_leaf(id_: NotificationId) -> dict[str, Any]:
    if isinstance(id_, str):
        return {"SignalName": id_}
    return {"CompletionId": id_} if id_ > 0 else {"SignalIndex": -id_}
