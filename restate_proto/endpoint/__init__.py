"""An endpoint: services over HTTP/2, as restate-server discovers and invokes them."""

from __future__ import annotations

from restate_proto.endpoint.access_log import AccessLog
from restate_proto.endpoint.endpoint import Endpoint, RunningEndpoint
from restate_proto.endpoint.lifespan import Lifespan, LifespanError
from restate_proto.endpoint.limits import Limits
from restate_proto.endpoint.validation import Validation

__all__ = [
    "AccessLog",
    "Endpoint",
    "Lifespan",
    "LifespanError",
    "Limits",
    "RunningEndpoint",
    "Validation",
]
