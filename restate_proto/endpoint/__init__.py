"""An endpoint: services as restate-server discovers and invokes them, over HTTP/2 or from other hosts."""

from __future__ import annotations

from restate_proto.endpoint.access_log import AccessLog
from restate_proto.endpoint.asgi import AsgiApp
from restate_proto.endpoint.aws_lambda import LambdaHandler
from restate_proto.endpoint.endpoint import Endpoint
from restate_proto.endpoint.lifespan import Lifespan, LifespanError
from restate_proto.endpoint.limits import Limits
from restate_proto.endpoint.running_endpoint import RunningEndpoint
from restate_proto.endpoint.validation import Validation

__all__ = [
    "AccessLog",
    "AsgiApp",
    "Endpoint",
    "LambdaHandler",
    "Lifespan",
    "LifespanError",
    "Limits",
    "RunningEndpoint",
    "Validation",
]
