"""Calls from outside, through Restate's ingress; and the admin API where that needs it."""

from __future__ import annotations

from restate_proto.ingress.admin import ActionReceipt, AdminClient, Deployment
from restate_proto.ingress.client import IngressClient
from restate_proto.ingress.client_options import ClientOptions
from restate_proto.ingress.errors import (
    IngressBadRequestError,
    IngressError,
    IngressOverloadedError,
    IngressUnauthorizedError,
    IngressUnreachableError,
    InvalidResponseError,
    InvocationNotFoundError,
    InvocationNotReadyError,
    OutcomeUnknownError,
    ServiceNotFoundError,
    WaitTimeoutError,
)
from restate_proto.ingress.handle import IngressInvocationHandle
from restate_proto.ingress.limits import ClientLimits
from restate_proto.ingress.requests import AdminAction
from restate_proto.ingress.service_clients import (
    IngressServiceClient,
    IngressServiceSendClient,
    SyncServiceClient,
    SyncServiceSendClient,
)
from restate_proto.ingress.sync_client import SyncIngressClient
from restate_proto.ingress.sync_handle import SyncInvocationHandle

__all__ = [
    "ActionReceipt",
    "AdminAction",
    "AdminClient",
    "ClientLimits",
    "ClientOptions",
    "Deployment",
    "IngressBadRequestError",
    "IngressClient",
    "IngressError",
    "IngressInvocationHandle",
    "IngressOverloadedError",
    "IngressServiceClient",
    "IngressServiceSendClient",
    "IngressUnauthorizedError",
    "IngressUnreachableError",
    "InvalidResponseError",
    "InvocationNotFoundError",
    "InvocationNotReadyError",
    "OutcomeUnknownError",
    "ServiceNotFoundError",
    "SyncIngressClient",
    "SyncInvocationHandle",
    "SyncServiceClient",
    "SyncServiceSendClient",
    "WaitTimeoutError",
]
