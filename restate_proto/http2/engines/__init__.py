"""The HTTP/2 libraries behind one interface, `Engine`, and the choice between them."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final

from restate_proto.logs import get_logger

if TYPE_CHECKING:
    from restate_proto.http2.engines.base import EngineFactory

__all__ = ["ENGINES", "ENGINE_VARIABLE", "engine_name", "load_engine"]

ENGINES: Final = ("h2", "ngh2")
ENGINE_VARIABLE: Final = "RESTATE_PROTO_HTTP2"

log = get_logger("restate_proto.http2")


def engine_name(engine: str | None = None) -> str:
    """Choose the HTTP/2 library.

    Args:
        engine: "h2" or "ngh2". None takes the environment variable RESTATE_PROTO_HTTP2; if that is
            not set, ngh2; and if ngh2 cannot be imported, h2, which is logged once.

    Returns:
        "h2" or "ngh2".

    Raises:
        ValueError: the name is neither.
    """
    source = "engine="
    if engine is None:
        engine = os.environ.get(ENGINE_VARIABLE) or None
        source = f"the environment variable {ENGINE_VARIABLE}="
    if engine is None:
        return _default()
    if engine not in ENGINES:
        raise ValueError(f'unknown HTTP/2 engine: {source}{engine!r}; it can be "h2" or "ngh2"')
    return engine


@cache
def _default() -> str:
    try:
        import_module("ngh2")
    except ImportError as error:
        log.warning("HTTP/2 runs on h2, which is slower: ngh2 cannot be imported (%s)", error)
        return "h2"
    return "ngh2"


def load_engine(engine: str | None = None) -> EngineFactory:
    """Import the chosen engine; see `engine_name` for the choice.

    Raises:
        ValueError: the name is unknown.
        ImportError: ngh2 was asked for and cannot be imported.
    """
    if engine_name(engine) == "h2":
        from restate_proto.http2.engines.h2 import H2Engine  # noqa: PLC0415 - only where chosen

        return H2Engine
    try:
        from restate_proto.http2.engines.ngh2 import Ngh2Engine  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ImportError(
            f"the HTTP/2 engine ngh2 cannot be imported ({error}): install it "
            "(pip install 'ngh2>=0.3,<0.4'), or choose \"h2\"",
            name="ngh2",
        ) from error
    return Ngh2Engine
