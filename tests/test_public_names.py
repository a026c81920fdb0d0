"""The names that users import: adding one is a decision, losing one breaks their programs."""

from __future__ import annotations

import inspect

import pytest

import restate_proto

# The contract's side comes from generated code; these are written by hand.
PUBLIC_NAMES = [
    "CallFuture",
    "CancelledError",
    "Context",
    "DurableFuture",
    "Endpoint",
    "IngressClient",
    "InvocationHandle",
    "ObjectContext",
    "ObjectSharedContext",
    "PromiseKey",
    "RestateError",
    "RetryPolicy",
    "RetryableError",
    "Service",
    "SignalKey",
    "StateKey",
    "Target",
    "TerminalError",
    "VirtualObject",
    "Workflow",
    "WorkflowContext",
    "WorkflowSharedContext",
    "any_of",
    "as_completed",
    "gather",
    "race",
    "select",
    "wait",
]


def test_no_public_name_is_lost() -> None:
    assert set(PUBLIC_NAMES) - set(restate_proto.__all__) == set()


@pytest.mark.parametrize("name", restate_proto.__all__)
def test_every_public_name_is_there_and_explained(name: str) -> None:
    value: object = getattr(restate_proto, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        assert inspect.getdoc(value)


def test_all_is_sorted_and_says_everything_once() -> None:
    assert restate_proto.__all__ == sorted(set(restate_proto.__all__))
