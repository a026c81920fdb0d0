"""What is imported only on request, and the error if it is not installed."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from restate_proto import Endpoint, IngressClient, Interceptor, structlog_processor
from restate_proto.runtime.intercepted_attempt import InterceptedAttempt
assert not {"opentelemetry", "structlog"} & set(sys.modules)

from importlib import util
util.find_spec = lambda name: None
try:
    import restate_proto.otel
except ImportError as error:
    print(error)
"""


def test_opentelemetry_is_optional() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert done.stdout == (
        "restate_proto.otel needs opentelemetry-api: run `pip install 'restate-proto[otel]'`\n"
    )
