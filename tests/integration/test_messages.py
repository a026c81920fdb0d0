"""All the tests of this folder once more, with the messages of each other library."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conformance_messages import MESSAGES, Parcel

BASES = {
    "protobuf": "google.protobuf.message",
    "betterproto": "betterproto",
    "betterproto2": "betterproto2",
}


def test_the_messages_are_of_the_library_that_was_asked_for() -> None:
    assert BASES[MESSAGES] in {base.__module__ for base in Parcel.__mro__}


@pytest.mark.skipif(MESSAGES != "protobuf", reason="this is such a run")
@pytest.mark.parametrize("messages", ["betterproto", "betterproto2"])
@pytest.mark.timeout(600)
def test_all_of_these_tests_pass_with_other_messages(messages: str) -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", Path(__file__).parent],
        env=environ | {"MESSAGES": messages},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
