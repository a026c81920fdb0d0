"""What depends on the message library, repeated with each of the others.

The library is chosen when the contract is generated, for a whole process: see
conformance_messages.py. So these tests run pytest, on a reduced matrix.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# The protocol, the runtime and HTTP/2 see bytes; these files meet messages, each in another place.
CHOSEN = {
    "test_matrix.py": "the run is of the library that was asked for, in both encodings",
    "test_calls.py": "requests and responses, with the generated clients in handlers",
    "test_ingress.py": "requests and responses, with the generated clients outside",
    "test_plain_http.py": "JSON that no client of ours wrote",
    "test_handles.py": "results that are attached to",
    "test_state.py": "state",
    "test_promises.py": "promises",
    "test_awakeables.py": "awakeables",
    "test_signals.py": "signals",
    "test_runs.py": "results of runs",
    "test_errors.py": "failures, and what a handler may not return",
    "test_error_types.py": "failures with details",
}


@pytest.mark.parametrize("messages", ["betterproto", "betterproto2"])
@pytest.mark.timeout(600)
def test_what_depends_on_messages_with_those_of_another_library(messages: str) -> None:
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    files = [Path(__file__).with_name(name) for name in CHOSEN]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        env=environ | {"MESSAGES": messages},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
