"""A workflow: its state, its durable promise, and its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.suite import unique, until

if TYPE_CHECKING:
    from tests.conformance.suite import Suite

NAME = "BlockAndWaitWorkflow"


def test_set_and_resolve(suite: Suite) -> None:
    key = unique()
    workflow = suite.object(NAME, key)
    assert workflow.call("getState") is None
    sent = workflow.send("run", "Francesco")
    assert sent.status == "Accepted"
    until(lambda: workflow.call("getState") == "Francesco")

    assert workflow.call("unblock", "Till") == {}
    assert suite.workflow_result(NAME, key) == "Till"
    assert suite.workflow_result(NAME, key, "output") == "Till"

    again = workflow.send("run", "Francesco")
    assert (again.status, again.id) == ("PreviouslyAccepted", sent.id)
    assert suite.workflow_result(NAME, key, "output") == "Till"
