"""The services of the suite, by their names."""

from __future__ import annotations

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
from restate_proto import Service, VirtualObject, Workflow

__all__ = ["SERVICES", "services"]

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


def services(names: Iterable[str] = ()) -> list[Service | VirtualObject | Workflow]:
    """New services of these names; of all where there is no name.

    Raises:
        ValueError: there is no service of a name.
    """
    wanted = list(names)
    for name in wanted:
        if name not in SERVICES:
            raise ValueError(f"no service {name!r}; there are {', '.join(SERVICES)}")
    return [SERVICES[name]() for name in wanted or SERVICES]
