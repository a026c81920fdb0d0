"""Durable Python services on Restate, from `.proto` contracts.

Every public name can be imported from here. Names are loaded when they are first used, so that the
protoc plugins and the command line start fast, without importing the runtime.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restate_proto.codec.aes_gcm_siv import AesGcmSiv
    from restate_proto.codec.validation import InvalidMessageError
    from restate_proto.codec.zstd import Zstd
    from restate_proto.endpoint.access_log import AccessLog
    from restate_proto.endpoint.asgi import AsgiApp
    from restate_proto.endpoint.aws_lambda import LambdaHandler
    from restate_proto.endpoint.endpoint import Endpoint
    from restate_proto.endpoint.lifespan import LifespanError
    from restate_proto.endpoint.limits import Limits
    from restate_proto.endpoint.running_endpoint import RunningEndpoint
    from restate_proto.endpoint.validation import Validation
    from restate_proto.errors import PauseError, RestateError, RetryableError, TerminalError
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
    from restate_proto.ingress.sync_client import SyncIngressClient
    from restate_proto.ingress.sync_handle import SyncInvocationHandle
    from restate_proto.logs import InvocationFilter, configure_logging, structlog_processor
    from restate_proto.model.codec import CodecError
    from restate_proto.model.error_types import DetailedError
    from restate_proto.model.intercepted import (
        AttemptInfo,
        AttemptOutcome,
        ClientCall,
        EndedAttempt,
        HandlerCall,
        OutgoingCall,
        RunCall,
    )
    from restate_proto.model.interceptors import Interceptor
    from restate_proto.model.key_format import KeyFormat
    from restate_proto.model.keys import AwakeableId, AwakeableKey, PromiseKey, SignalKey, StateKey
    from restate_proto.model.kinds import Encoding
    from restate_proto.model.options import CallOptions, SendOptions, SubmitOptions
    from restate_proto.model.payload_codec import PayloadCodec, PayloadCodecError
    from restate_proto.model.retry import OnJournalMismatch, OnMaxAttempts, RetryPolicy
    from restate_proto.model.service import Service, VirtualObject, Workflow
    from restate_proto.model.target import Target
    from restate_proto.runtime.cancelled_error import CancelledError
    from restate_proto.runtime.combinators import (
        any_of,
        as_completed,
        gather,
        race,
        select,
        wait,
    )
    from restate_proto.runtime.context import Context
    from restate_proto.runtime.durable_step import durable_step
    from restate_proto.runtime.external_events import Awakeable, DurablePromise
    from restate_proto.runtime.futures import DurableFuture
    from restate_proto.runtime.invocations import CallFuture, InvocationHandle, InvocationRef
    from restate_proto.runtime.keyed_contexts import (
        ObjectContext,
        ObjectSharedContext,
        WorkflowContext,
        WorkflowSharedContext,
    )
    from restate_proto.runtime.run_context import RunContext
    from restate_proto.version import __version__

__all__ = [
    "AccessLog",
    "AesGcmSiv",
    "AsgiApp",
    "AttemptInfo",
    "AttemptOutcome",
    "Awakeable",
    "AwakeableId",
    "AwakeableKey",
    "CallFuture",
    "CallOptions",
    "CancelledError",
    "ClientCall",
    "ClientLimits",
    "ClientOptions",
    "CodecError",
    "Context",
    "DetailedError",
    "DurableFuture",
    "DurablePromise",
    "Encoding",
    "EndedAttempt",
    "Endpoint",
    "HandlerCall",
    "IngressBadRequestError",
    "IngressClient",
    "IngressError",
    "IngressInvocationHandle",
    "IngressOverloadedError",
    "IngressUnauthorizedError",
    "IngressUnreachableError",
    "Interceptor",
    "InvalidMessageError",
    "InvalidResponseError",
    "InvocationFilter",
    "InvocationHandle",
    "InvocationNotFoundError",
    "InvocationNotReadyError",
    "InvocationRef",
    "KeyFormat",
    "LambdaHandler",
    "LifespanError",
    "Limits",
    "ObjectContext",
    "ObjectSharedContext",
    "OnJournalMismatch",
    "OnMaxAttempts",
    "OutcomeUnknownError",
    "OutgoingCall",
    "PauseError",
    "PayloadCodec",
    "PayloadCodecError",
    "PromiseKey",
    "RestateError",
    "RetryPolicy",
    "RetryableError",
    "RunCall",
    "RunContext",
    "RunningEndpoint",
    "SendOptions",
    "Service",
    "ServiceNotFoundError",
    "SignalKey",
    "StateKey",
    "SubmitOptions",
    "SyncIngressClient",
    "SyncInvocationHandle",
    "Target",
    "TerminalError",
    "Validation",
    "VirtualObject",
    "WaitTimeoutError",
    "Workflow",
    "WorkflowContext",
    "WorkflowSharedContext",
    "Zstd",
    "__version__",
    "any_of",
    "as_completed",
    "configure_logging",
    "durable_step",
    "gather",
    "race",
    "select",
    "structlog_processor",
    "wait",
]

_MODULES = {
    "codec.aes_gcm_siv": ("AesGcmSiv",),
    "codec.validation": ("InvalidMessageError",),
    "codec.zstd": ("Zstd",),
    "endpoint.access_log": ("AccessLog",),
    "endpoint.asgi": ("AsgiApp",),
    "endpoint.aws_lambda": ("LambdaHandler",),
    "endpoint.endpoint": ("Endpoint",),
    "endpoint.lifespan": ("LifespanError",),
    "endpoint.limits": ("Limits",),
    "endpoint.running_endpoint": ("RunningEndpoint",),
    "endpoint.validation": ("Validation",),
    "errors": ("PauseError", "RestateError", "RetryableError", "TerminalError"),
    "ingress.client": ("IngressClient",),
    "ingress.client_options": ("ClientOptions",),
    "ingress.errors": (
        "IngressBadRequestError",
        "IngressError",
        "IngressOverloadedError",
        "IngressUnauthorizedError",
        "IngressUnreachableError",
        "InvalidResponseError",
        "InvocationNotFoundError",
        "InvocationNotReadyError",
        "OutcomeUnknownError",
        "ServiceNotFoundError",
        "WaitTimeoutError",
    ),
    "ingress.handle": ("IngressInvocationHandle",),
    "ingress.limits": ("ClientLimits",),
    "ingress.sync_client": ("SyncIngressClient",),
    "ingress.sync_handle": ("SyncInvocationHandle",),
    "logs": ("InvocationFilter", "configure_logging", "structlog_processor"),
    "model.codec": ("CodecError",),
    "model.error_types": ("DetailedError",),
    "model.intercepted": (
        "AttemptInfo",
        "AttemptOutcome",
        "ClientCall",
        "EndedAttempt",
        "HandlerCall",
        "OutgoingCall",
        "RunCall",
    ),
    "model.interceptors": ("Interceptor",),
    "model.key_format": ("KeyFormat",),
    "model.keys": ("AwakeableId", "AwakeableKey", "PromiseKey", "SignalKey", "StateKey"),
    "model.kinds": ("Encoding",),
    "model.options": ("CallOptions", "SendOptions", "SubmitOptions"),
    "model.payload_codec": ("PayloadCodec", "PayloadCodecError"),
    "model.retry": ("OnJournalMismatch", "OnMaxAttempts", "RetryPolicy"),
    "model.service": ("Service", "VirtualObject", "Workflow"),
    "model.target": ("Target",),
    "runtime.cancelled_error": ("CancelledError",),
    "runtime.combinators": ("any_of", "as_completed", "gather", "race", "select", "wait"),
    "runtime.context": ("Context",),
    "runtime.durable_step": ("durable_step",),
    "runtime.external_events": ("Awakeable", "DurablePromise"),
    "runtime.futures": ("DurableFuture",),
    "runtime.invocations": ("CallFuture", "InvocationHandle", "InvocationRef"),
    "runtime.keyed_contexts": (
        "ObjectContext",
        "ObjectSharedContext",
        "WorkflowContext",
        "WorkflowSharedContext",
    ),
    "runtime.run_context": ("RunContext",),
    "version": ("__version__",),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
