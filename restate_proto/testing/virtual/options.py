"""Check what tests give a virtual server: its options, and durations."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from restate_proto.endpoint.endpoint import Endpoint
from restate_proto.model.arguments import DURATION, check_number, check_time, wrong_type
from restate_proto.protocol import MAX_VERSION, MIN_VERSION

__all__ = ["check_advance", "check_options"]

_SERVER: Final = "VirtualRestate"


def check_options(
    endpoint: object,
    replay: object,
    state: object,
    version: object,
    start: object,
    patience: object,
) -> None:
    """Refuse options of `VirtualRestate` that it could not use; they are described there.

    Raises:
        TypeError: one is of a wrong type.
        ValueError: there is no such version or choice, or the time has no time zone.
    """
    if not isinstance(endpoint, Endpoint):
        raise wrong_type(_SERVER, "endpoint", endpoint, "an Endpoint, such as Endpoint(Cart())")
    for name, value, choices in (
        ("replay", replay, ("never", "always")),
        ("state", state, ("eager", "partial", "lazy")),
    ):
        if value not in choices:
            expected = ", ".join(map(repr, choices))
            raise ValueError(f"{_SERVER}: {name} is {value!r}; write one of {expected}")
    if version is not None:
        check_number(_SERVER, "version", version, MIN_VERSION, MAX_VERSION)
    if start is not None:
        check_time(_SERVER, "start", start)
    if not isinstance(patience, timedelta):
        raise wrong_type(_SERVER, "patience", patience, DURATION)


def check_advance(duration: object) -> None:
    """Refuse a duration by which time cannot advance.

    Raises:
        TypeError: it is not a `timedelta`.
        ValueError: it is negative.
    """
    where = f"{_SERVER}.advance"
    if not isinstance(duration, timedelta):
        raise wrong_type(where, "duration", duration, DURATION)
    if duration < timedelta(0):
        raise ValueError(f"{where}: time does not go back: {duration!r}")
