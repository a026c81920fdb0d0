"""The names that users import: adding one is a decision, removing one breaks their programs."""

from __future__ import annotations

import inspect
from importlib.metadata import version

import pytest

import restate_proto

# A list of its own, so that a change of the names is seen in a review.
PUBLIC_NAMES = [
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


def test_the_public_names_are_these() -> None:
    assert restate_proto.__all__ == PUBLIC_NAMES


@pytest.mark.parametrize("name", restate_proto.__all__)
def test_every_public_name_is_there_and_explained(name: str) -> None:
    value: object = getattr(restate_proto, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        assert inspect.getdoc(value)


def test_all_is_sorted_and_says_everything_once() -> None:
    assert restate_proto.__all__ == sorted(set(restate_proto.__all__))


def test_the_version_is_that_of_the_installed_package() -> None:
    assert restate_proto.__version__ == version("restate-proto")
