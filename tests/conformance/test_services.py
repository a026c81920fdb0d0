"""The services have the names of the suite's, and use only the public API."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.conformance.suite import ROOT, ServicesProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conformance.suite import Suite

INTERPRETER = "counter interpret"
HANDLERS = {
    "AwakeableHolder": "hasAwakeable hold unlock",
    "BlockAndWaitWorkflow": "getState run unblock",
    "CancelTestBlockingService": "block isUnlocked",
    "CancelTestRunner": "startTest verifyTest",
    "Counter": "add addThenFail get reset",
    "Failing": (
        "callTerminallyFailingCall failingCallWithEventualSuccess sideEffectFailsAfterGivenAttempts"
        " sideEffectSucceedsAfterGivenAttempts terminallyFailingCall terminallyFailingSideEffect"
    ),
    "KillTestRunner": "startCallTree",
    "KillTestSingleton": "isUnlocked recursiveCall",
    "ListObject": "append clear get",
    "MapObject": "clearAll get set",
    "NonDeterministic": (
        "backgroundInvokeWithDifferentTargets callDifferentMethod eitherSleepOrCall setDifferentKey"
    ),
    "ObjectInterpreterL0": INTERPRETER,
    "ObjectInterpreterL1": INTERPRETER,
    "ObjectInterpreterL2": INTERPRETER,
    "Proxy": "call manyCalls oneWayCall",
    "ServiceInterpreterHelper": (
        "echo echoLater incrementIndirectly incrementViaAwakeableDance ping rejectAwakeable"
        " resolveAwakeable terminalFailure"
    ),
    "TestUtilsService": (
        "cancelInvocation countExecutedSideEffects echo echoHeaders rawEcho rejectSignal"
        " resolveSignal uppercaseEcho"
    ),
    "VirtualObjectCommandInterpreter": (
        "getResults hasAwakeable interpretCommands rejectAwakeable resolveAwakeable"
    ),
}
SHARED = {
    "Counter": {"get"},
    **{f"ObjectInterpreterL{layer}": {"counter"} for layer in range(3)},
    "VirtualObjectCommandInterpreter": {
        "getResults",
        "hasAwakeable",
        "rejectAwakeable",
        "resolveAwakeable",
    },
}


def test_all_handlers_of_the_suite_are_there(suite: Suite) -> None:
    services = {service["name"]: service for service in suite.server.admin.services()}
    handlers = {
        name: " ".join(sorted(handler["name"] for handler in service["handlers"]))
        for name, service in services.items()
    }
    assert handlers == HANDLERS
    shared = {
        name: {each["name"] for each in service["handlers"] if each["ty"] == "Shared"}
        for name, service in services.items()
        if service["ty"] == "VirtualObject"
    }
    assert {name: names for name, names in shared.items() if names} == SHARED
    assert services["BlockAndWaitWorkflow"]["ty"] == "Workflow"


def imported_modules(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Import():
                yield from (each.name for each in node.names)
            case ast.ImportFrom():
                yield node.module or ""
            case _:
                pass


def test_they_use_the_public_api_alone() -> None:
    modules = {
        module
        for file in (ROOT / "conformance").glob("*.py")
        for module in imported_modules(file.read_text("utf-8"))
    }
    assert {module for module in modules if module.startswith("restate")} == {"restate_proto"}
    assert not {module for module in modules if module.startswith("tests")}


def test_some_of_them() -> None:
    process = ServicesProcess("Counter,Proxy")
    process.end(signal.SIGTERM)
    assert process.greeting.startswith("Serving 7 handlers ")


def test_a_service_that_there_is_not() -> None:
    path = os.pathsep.join((str(ROOT), str(ROOT / "generated")))
    ended = subprocess.run(
        (sys.executable, "-m", "conformance", "Counter", "Conter"),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": path},
    )
    assert ended.returncode == 2
    assert "no service 'Conter'; there are AwakeableHolder, " in ended.stderr
