"""The names that generated code imports. Only ever add names; a breaking change goes to `v2`."""

from __future__ import annotations

import sys
from importlib import import_module
from inspect import getdoc
from typing import TYPE_CHECKING, Any, Final

from restate_proto._codegen.shared_methods import ingress_send, sync_call, sync_send
from restate_proto.codec.empty import NOTHING
from restate_proto.codec.google import google_codec
from restate_proto.codec.library_descriptors import message_files
from restate_proto.codec.raw import RawCodec
from restate_proto.codec.registry import codec_for
from restate_proto.ingress.service_clients import (
    IngressServiceClient,
    IngressServiceSendClient,
    SyncServiceClient,
    SyncServiceSendClient,
)
from restate_proto.model.config import Config
from restate_proto.model.error_types import DetailedError, error_type
from restate_proto.model.key_format import FixedKey, KeyField, KeyFormat, KeyType
from restate_proto.model.keys import AwakeableKey, PromiseKey, SignalKey, StateKey
from restate_proto.model.kinds import Encoding, HandlerKind, ServiceKind
from restate_proto.model.options import CallOptions, SendOptions, SubmitOptions
from restate_proto.model.retry import InvocationRetryPolicy, OnJournalMismatch, OnMaxAttempts
from restate_proto.model.service import (
    HandlerDescriptor,
    Service,
    ServiceDescriptor,
    VirtualObject,
    Workflow,
)
from restate_proto.runtime.clients import ContextClient, ContextSendClient
from restate_proto.runtime.context import Context
from restate_proto.runtime.invocations import CallFuture, InvocationHandle, InvocationRef
from restate_proto.runtime.keyed_contexts import (
    ObjectContext,
    ObjectSharedContext,
    WorkflowContext,
    WorkflowSharedContext,
)

if TYPE_CHECKING:
    from restate_proto.ingress.client import IngressClient
    from restate_proto.ingress.handle import IngressInvocationHandle
    from restate_proto.ingress.sync_client import SyncIngressClient
    from restate_proto.ingress.sync_handle import SyncInvocationHandle

if sys.version_info >= (3, 13):
    from warnings import deprecated
else:
    from typing_extensions import deprecated

__all__ = [
    "NOTHING",
    "AwakeableKey",
    "CallFuture",
    "CallOptions",
    "Config",
    "Context",
    "ContextClient",
    "ContextSendClient",
    "DetailedError",
    "Encoding",
    "FixedKey",
    "HandlerDescriptor",
    "HandlerKind",
    "IngressClient",
    "IngressInvocationHandle",
    "IngressServiceClient",
    "IngressServiceSendClient",
    "InvocationHandle",
    "InvocationRef",
    "InvocationRetryPolicy",
    "KeyField",
    "KeyFormat",
    "KeyType",
    "ObjectContext",
    "ObjectSharedContext",
    "OnJournalMismatch",
    "OnMaxAttempts",
    "PromiseKey",
    "RawCodec",
    "SendOptions",
    "Service",
    "ServiceDescriptor",
    "ServiceKind",
    "SignalKey",
    "StateKey",
    "SubmitOptions",
    "SyncIngressClient",
    "SyncInvocationHandle",
    "SyncServiceClient",
    "SyncServiceSendClient",
    "VirtualObject",
    "Workflow",
    "WorkflowContext",
    "WorkflowSharedContext",
    "codec_for",
    "deprecated",
    "error_type",
    "getdoc",
    "google_codec",
    "ingress_send",
    "message_files",
    "sync_call",
    "sync_send",
]

# What generated code has in annotations alone, which are strings.
_ANNOTATIONS: Final = {
    "IngressClient": "client",
    "IngressInvocationHandle": "handle",
    "SyncIngressClient": "sync_client",
    "SyncInvocationHandle": "sync_handle",
}


def __getattr__(name: str) -> Any:
    """Import what an endpoint starts without; whoever evaluates annotations gets it."""
    if name not in _ANNOTATIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"restate_proto.ingress.{_ANNOTATIONS[name]}"), name)
