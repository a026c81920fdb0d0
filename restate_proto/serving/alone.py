"""One process that listens and serves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from restate_proto.endpoint.event_loop import on_signal, run_until_done
from restate_proto.endpoint.lifespan import LifespanError
from restate_proto.endpoint.standard_output import say_serving
from restate_proto.logs import configure_logging, get_logger
from restate_proto.serving.listening import ListenError, address_of, bound_socket
from restate_proto.serving.loading import load_endpoint
from restate_proto.serving.stopping import SERVING_LOG, Stop, log_disorderly_end, log_drain

if TYPE_CHECKING:
    from socket import socket

    from restate_proto.endpoint.endpoint import Endpoint
    from restate_proto.serving.settings import Settings

__all__ = ["serve_alone"]

_log = get_logger(SERVING_LOG)


def serve_alone(settings: Settings) -> None:
    """Serve in this process until SIGTERM or SIGINT.

    Raises:
        LoadError: the endpoint cannot be loaded.
        ListenError: the process cannot listen at the address of the settings.
        LifespanError: the endpoint cannot be set up.
        SystemExit: it has served, and something failed at the end, as the log says.
    """
    endpoint = load_endpoint(settings)
    configure_logging(settings.log_level, settings.log_format)
    try:
        with bound_socket(settings.listen) as bound:
            run_until_done(_serve(endpoint, settings, bound))
    except (LifespanError, ListenError):
        raise
    except Exception:  # noqa: BLE001 - of whatever a lifespan or a service raises
        log_disorderly_end()
        sys.exit(1)
    _log.info("process %d has stopped", os.getpid())


async def _serve(endpoint: Endpoint, settings: Settings, bound: socket) -> None:
    stop = Stop()
    for number in (signal.SIGTERM, signal.SIGINT):
        on_signal(number, stop.ask)
    if hasattr(signal, "SIGHUP"):
        on_signal(signal.SIGHUP, _ignore_hangup)
    address = address_of(bound, settings)
    with stop.cancelling():
        async with endpoint.run(bound, grace=settings.grace) as running:
            stop.attend(running.server)
            say_serving(str(running), address)
            _log.info("process %d serves %s", os.getpid(), address)
            await stop.wait()
            report = asyncio.create_task(log_drain(running.server, settings.grace.total_seconds()))
            await asyncio.sleep(0)  # so that it names what runs before the drain begins
        report.cancel()


def _ignore_hangup() -> None:
    _log.warning(
        "SIGHUP changes nothing: there is no supervisor that could start another process; "
        "serve with --workers 1 to have one"
    )
