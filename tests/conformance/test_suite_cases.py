"""Every case of the public suite has a test here, in each configuration in which the suite runs it."""

from __future__ import annotations

from pathlib import Path

from tests.case_tables import CaseTable
from tests.conformance.configurations import ALL

TABLE = CaseTable.read(Path(__file__).with_name("suite_cases.toml"))
SUITES = {
    "default": "default",
    "alwaysSuspending": "always-suspending",
    "lazyState": "lazy-state",
    "lazyStateAlwaysSuspending": "lazy-state-always-suspending",
    "singleThreadSinglePartition": "one-thread-one-partition",
    "persistedTimers": "persisted-timers",
    "threeNodes": "three-nodes",
    "threeNodesAlwaysSuspending": "three-nodes-always-suspending",
}
"""The suite's configurations, and ours."""


def test_the_table_is_complete() -> None:
    assert TABLE.problems == ()
    assert (len(TABLE.tests), list(TABLE.without)) == (51, ["Custom.kt run"])


def test_the_tests_are_there_in_all_configurations() -> None:
    """Each test runs in each configuration, unless it skips itself."""
    names = [each.name for each in ALL]
    assert names == [*SUITES.values(), "v7", "v7-always-suspending"]
    assert TABLE.missing(len(names), CONFORMANCE="all") == []
