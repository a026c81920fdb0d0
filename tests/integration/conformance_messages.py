"""The contract of these tests, with the message library that the variable MESSAGES names.

Type checkers see google.protobuf, for which the tests are written. What the tests do with messages,
the messages of every library can do.
"""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from restate_proto.cli.generate import generate

__all__ = [
    "BLUE",
    "MESSAGES",
    "RED",
    "AccountBase",
    "AccountClient",
    "ClerkBase",
    "ClerkClient",
    "Entry",
    "EntryList",
    "FailRequest",
    "JourneyBase",
    "JourneyClient",
    "LazyAccountBase",
    "LazyAccountClient",
    "Parcel",
    "Refused",
    "RefusedError",
    "Script",
    "moment",
]

MESSAGES = os.environ.get("MESSAGES", "protobuf")
"""The library: `protobuf`, `betterproto` or `betterproto2`."""

_TREE = "CONFORMANCE_TREE"  # processes that a test starts need not generate it again


def _generated() -> Path:
    """Return an import root with the package `generated_conformance`."""
    if _TREE not in os.environ:
        folder = Path(tempfile.mkdtemp(prefix="conformance-"))
        atexit.register(shutil.rmtree, folder)
        proto = Path(__file__).parents[2] / "proto/conformance/v1"
        shutil.copytree(proto, folder / "proto/conformance/v1")
        generate(folder / "proto", folder / "generated_conformance", messages=MESSAGES)
        os.environ[_TREE] = str(folder)
    return Path(os.environ[_TREE])


if TYPE_CHECKING or MESSAGES == "protobuf":
    from google.protobuf.timestamp_pb2 import Timestamp

    from conformance.v1.conformance_pb2 import (
        Color,
        Entry,
        EntryList,
        FailRequest,
        Parcel,
        Refused,
        Script,
    )
    from conformance.v1.conformance_restate import (
        AccountBase,
        AccountClient,
        ClerkBase,
        ClerkClient,
        JourneyBase,
        JourneyClient,
        LazyAccountBase,
        LazyAccountClient,
        RefusedError,
    )

    RED, BLUE = Color.COLOR_RED, Color.COLOR_BLUE
else:
    sys.path.insert(0, str(_generated()))
    _messages = importlib.import_module("generated_conformance.conformance.v1")
    _services = importlib.import_module("generated_conformance.conformance.v1.conformance_restate")
    globals().update(vars(_services))
    for _name in ("Entry", "EntryList", "FailRequest", "Parcel", "Refused", "Script"):
        globals()[_name] = getattr(_messages, _name)
    RED, BLUE = _messages.Color.RED, _messages.Color.BLUE


def moment(seconds: int, microseconds: int) -> Timestamp:
    """Return a time since 1970 in the form of a field."""
    if MESSAGES == "protobuf":
        return Timestamp(seconds=seconds, nanos=microseconds * 1000)
    since = timedelta(seconds=seconds, microseconds=microseconds)
    own: Any = datetime(1970, 1, 1, tzinfo=UTC) + since
    return own
