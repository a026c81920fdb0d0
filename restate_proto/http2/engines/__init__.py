"""The HTTP/2 libraries behind one interface, and the choice between them."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from restate_proto.http2.engines.base import EngineFactory

__all__ = ["ENGINES", "ENGINE_VARIABLE", "engine_name", "load_engine"]

ENGINES: Final = ("h2", "ngh2")
ENGINE_VARIABLE: Final = "RESTATE_PROTO_HTTP2"


def engine_name(engine: str | None = None) -> str:
    """Chooses the HTTP/2 library.

    Args:
        engine: "h2" or "ngh2"; None takes the environment variable RESTATE_PROTO_HTTP2, else
            ngh2 where it is installed, else h2.

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
        return "h2" if find_spec("ngh2") is None else "ngh2"
    if engine not in ENGINES:
        raise ValueError(f'unknown HTTP/2 engine: {source}{engine!r}; it can be "h2" or "ngh2"')
    return engine


def load_engine(engine: str | None = None) -> EngineFactory:
    """Imports the chosen engine; see `engine_name` for the choice.

    Raises:
        ValueError: the name is unknown.
        ImportError: ngh2 was asked for and is not installed.
    """
    if engine_name(engine) == "h2":
        from restate_proto.http2.engines.h2 import H2Engine  # noqa: PLC0415 - only where chosen

        return H2Engine
    try:
        from restate_proto.http2.engines.ngh2 import Ngh2Engine  # noqa: PLC0415 - optional
    except ModuleNotFoundError as error:
        if error.name != "ngh2":
            raise
        raise ImportError(
            "the HTTP/2 engine ngh2 is not installed: pip install 'restate-proto[fast]', "
            'or choose engine="h2"',
            name="ngh2",
        ) from error
    return Ngh2Engine
