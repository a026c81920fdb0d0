"""Serve as the options say, alone or with workers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from restate_proto.endpoint.lifespan import LifespanError
from restate_proto.serving.listening import ListenError
from restate_proto.serving.loading import LoadError
from restate_proto.serving.sources import SettingsError, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from restate_proto.serving.settings import Settings

__all__ = ["Failure", "start"]


class Failure(NamedTuple):
    """The reason why nothing is served.

    Args:
        message: what is wrong, on one line.
        is_misuse: whether a setting is wrong; otherwise the settings are right, but failed.
    """

    message: str
    is_misuse: bool = False


def start(options: Mapping[str, str | bool | None]) -> Failure | None:
    """Serve until SIGTERM or SIGINT.

    Args:
        options: the options of the command line, by the names of the settings.

    Returns:
        None once it has stopped; the failure if it could not start.
    """
    directory = Path.cwd()

    def read() -> Settings:
        return read_settings(options, os.environ, directory)

    try:
        settings = read()
        if settings.workers is None and not settings.reload:
            from restate_proto.serving.alone import serve_alone  # noqa: PLC0415 - one of the two

            serve_alone(settings)
            return None
    except SettingsError as error:
        return Failure(str(error), is_misuse=True)
    except LoadError as error:
        return Failure(str(error), error.is_misuse)
    except (LifespanError, ListenError) as error:
        return Failure(str(error))
    from restate_proto.serving.supervisor import SupervisorError, supervise  # noqa: PLC0415 - as above

    try:
        supervise(read, settings)
    except (ListenError, SupervisorError) as error:
        return Failure(str(error))
    return None
