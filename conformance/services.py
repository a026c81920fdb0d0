"""The services of the suite, by their names."""

from __future__ import annotations

import os
from collections.abc import Iterable

from conformance.awakeable_holder import AwakeableHolder
from conformance.block_and_wait_workflow import BlockAndWaitWorkflow
from conformance.cancel_test import CancelTestBlockingService, CancelTestRunner
from conformance.counter import Counter
from conformance.failing import Failing
from conformance.interpreter import (
    ObjectInterpreterL0,
    ObjectInterpreterL1,
    ObjectInterpreterL2,
    ServiceInterpreterHelper,
)
from conformance.kill_test import KillTestRunner, KillTestSingleton
from conformance.list_object import ListObject
from conformance.map_object import MapObject
from conformance.non_deterministic import NonDeterministic
from conformance.proxy import Proxy
from conformance.test_utils import TestUtilsService
from conformance.virtual_object_command_interpreter import VirtualObjectCommandInterpreter
from restate_proto import Endpoint, Service, VirtualObject, Workflow

__all__ = ["SERVICES", "endpoint"]

SERVICES: dict[str, type[Service | VirtualObject | Workflow]] = {
    class_.__name__: class_
    for class_ in (
        AwakeableHolder,
        BlockAndWaitWorkflow,
        CancelTestBlockingService,
        CancelTestRunner,
        Counter,
        Failing,
        KillTestRunner,
        KillTestSingleton,
        ListObject,
        MapObject,
        NonDeterministic,
        ObjectInterpreterL0,
        ObjectInterpreterL1,
        ObjectInterpreterL2,
        Proxy,
        ServiceInterpreterHelper,
        TestUtilsService,
        VirtualObjectCommandInterpreter,
    )
}


def endpoint(names: Iterable[str] = ()) -> Endpoint:
    """Return an endpoint of the services with these names.

    The environment of the suite's containers counts, too: SERVICES has the names, with commas
    between, if none are given here (default: all services), and E2E_REQUEST_SIGNING has the key that
    requests have to be signed with (default: none).

    Raises:
        ValueError: a name is unknown, or the key is not valid.
    """
    wanted = list(names) or [name for name in os.environ.get("SERVICES", "").split(",") if name]
    for name in wanted:
        if name not in SERVICES:
            raise ValueError(f"no service {name!r}; there are {', '.join(SERVICES)}")
    key = os.environ.get("E2E_REQUEST_SIGNING")
    return Endpoint(
        *(SERVICES[name]() for name in wanted or SERVICES),
        identity_keys=None if key is None else [key],
    )
