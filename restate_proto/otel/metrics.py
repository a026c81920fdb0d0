"""Metrics of attempts, of runs, and of the calls of ingress clients."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics
from typing_extensions import override

from restate_proto.errors import TerminalError
from restate_proto.model.interceptors import Interceptor
from restate_proto.otel import names
from restate_proto.version import __version__

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from opentelemetry.metrics import MeterProvider
    from opentelemetry.util.types import AttributeValue

    from restate_proto.model.intercepted import (
        AttemptInfo,
        ClientCall,
        EndedAttempt,
        HandlerCall,
        RunCall,
    )
    from restate_proto.model.target import Target

__all__ = ["Metrics"]


class Metrics(Interceptor):
    """Counts and measures attempts, runs and calls, each by its handler (`rpc.method`).

    | instrument | what it measures |
    | --- | --- |
    | `rpc.server.call.duration` | histogram, seconds: attempts, by `restate.attempt.outcome` |
    | `restate.invocations.open` | handlers that are running or waiting in this process |
    | `restate.attempt.replayed_entries` | histogram: entries of the journal that attempts replay |
    | `restate.attempt.io` | bytes sent by Restate and by attempts, by `network.io.direction` |
    | `restate.run.duration` | histogram, seconds: executions of functions of `ctx.run` |
    | `restate.run.retries` | executions that repeat a failed one |
    | `rpc.client.call.duration` | histogram, seconds: calls and messages of ingress clients |

    Failures have their kind in `error.type`.

    Args:
        meter_provider: makes the instruments; by default the global one.
        run_names: whether the instruments of runs have the attribute `restate.run.name`. Leave it
            off if names contain ids: each name makes another time series.
    """

    def __init__(
        self, meter_provider: MeterProvider | None = None, *, run_names: bool = False
    ) -> None:
        meter = metrics.get_meter("restate_proto", __version__, meter_provider)
        self._run_names = run_names
        self._open_attempts: set[AttemptInfo] = set()
        self._attempts = meter.create_histogram(
            "rpc.server.call.duration", "s", "How long attempts took"
        )
        self._open = meter.create_up_down_counter(
            "restate.invocations.open", "{invocation}", "Handlers that run or wait"
        )
        self._replayed = meter.create_histogram(
            names.REPLAYED_ENTRIES, "{entry}", "Entries of the journal that an attempt replays"
        )
        self._io = meter.create_counter(
            "restate.attempt.io", "By", "What Restate and attempts have sent"
        )
        self._runs = meter.create_histogram(
            "restate.run.duration", "s", "How long functions of ctx.run took"
        )
        self._retries = meter.create_counter(
            "restate.run.retries", "{retry}", "Executions that repeat one that has failed"
        )
        self._calls = meter.create_histogram(
            "rpc.client.call.duration", "s", "How long calls from outside took"
        )

    @override
    async def handler(self, call: HandlerCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        if not call.attempt.is_repetition:
            self._open_attempts.add(call.attempt)
            self._open.add(1, _method(call.attempt.target))
        return await call_next()

    @override
    def attempt_ended(self, ended: EndedAttempt) -> None:
        attempt = ended.attempt
        if attempt.is_repetition:
            return
        method = _method(attempt.target)
        if attempt in self._open_attempts:
            self._open_attempts.remove(attempt)
            self._open.add(-1, method)
        attributes = {**method, names.ATTEMPT_OUTCOME: ended.outcome.value}
        if ended.code is not None:
            attributes[names.RPC_STATUS] = str(ended.code)
            attributes[names.ERROR_TYPE] = names.error_type(ended.error, ended.code)
        self._attempts.record(ended.seconds, attributes)
        self._replayed.record(max(0, attempt.known_entries - 1), method)
        self._io.add(ended.bytes_received, {**method, names.IO_DIRECTION: "receive"})
        self._io.add(ended.bytes_sent, {**method, names.IO_DIRECTION: "transmit"})

    @override
    async def run(self, call: RunCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        attributes = _method(call.attempt.target)
        if self._run_names:
            attributes[names.RUN_NAME] = call.name
        if call.retries:
            self._retries.add(1, dict(attributes))
        began = perf_counter()
        try:
            return await call_next()
        except BaseException as error:
            attributes[names.ERROR_TYPE] = names.error_type(error, None)
            raise
        finally:
            self._runs.record(perf_counter() - began, attributes)

    @override
    async def client(self, call: ClientCall, call_next: Callable[[], Awaitable[Any]]) -> Any:
        attributes = _method(call.target)
        began = perf_counter()
        try:
            return await call_next()
        except BaseException as error:
            if isinstance(error, TerminalError):
                attributes[names.RPC_STATUS] = str(error.code)
            attributes[names.ERROR_TYPE] = names.error_type(error, None)
            raise
        finally:
            self._calls.record(perf_counter() - began, attributes)


def _method(target: Target) -> dict[str, AttributeValue]:
    return {names.RPC_SYSTEM: names.SYSTEM, names.RPC_METHOD: names.method_of(target)}
