"""Translate the settings of a contract's services and handlers into calls on the SDK."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto.generate.sdk_settings import (
    duration_settings,
    flag_settings,
    run_retention,
    shown_metadata,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.model.retry import InvocationRetryPolicy

__all__ = ["Settings"]

_INT_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Settings:
    """Writes settings in one language; some take several lines.

    Args:
        use: imports a class by its full name, and returns its name in the file.
        quote: returns the literal of a string.
        close: the end of a call whose argument is on lines of its own.
    """

    use: Callable[[str], str]
    quote: Callable[[str], str]
    close: str = ")"

    def of_service(self, service: ServiceModel) -> list[str]:
        """Return the calls on the configurator of a service's definition."""
        return list(self._calls(service))

    def of_handler(self, service: ServiceModel, handler: HandlerModel) -> list[str]:
        """Return the calls on the configurator of a handler's definition."""
        calls = list(self._calls(handler))
        retention = run_retention(service, handler)
        if retention is not None:
            calls.append(f"workflowRetention({self._duration(retention)})")
        return calls

    def _calls(self, described: ServiceModel | HandlerModel) -> Iterator[str]:
        comment, config = described.comment, described.config
        if comment is not None:
            yield f"documentation({self.quote(comment)})"
        for name, duration in duration_settings(config):
            yield f"{name}({self._duration(duration)})"
        for name, flag in flag_settings(config):
            yield f"{name}({flag})"
        if config.retry_policy is not None:
            policy = "\n        .".join(self._retry_policy(config.retry_policy))
            yield f"invocationRetryPolicy(\n    {policy}{self.close}"
        for key, value in shown_metadata(described).items():
            yield f"addMetadata({self.quote(key)}, {self.quote(value)})"

    def _retry_policy(self, policy: InvocationRetryPolicy) -> Iterator[str]:
        name = self.use("dev.restate.sdk.endpoint.definition.InvocationRetryPolicy")
        yield f"{name}.builder()"
        if policy.initial_interval is not None:
            yield f"initialInterval({self._duration(policy.initial_interval)})"
        if policy.factor is not None:
            yield f"exponentiationFactor({policy.factor!r})"
        if policy.max_interval is not None:
            yield f"maxInterval({self._duration(policy.max_interval)})"
        if policy.max_attempts is not None:
            yield f"maxAttempts({min(policy.max_attempts, _INT_MAX)})"
        if policy.on_max_attempts is not None:
            yield f"onMaxAttempts({name}.OnMaxAttempts.{policy.on_max_attempts.name})"
        yield "build()"

    def _duration(self, duration: timedelta) -> str:
        milliseconds = duration // timedelta(milliseconds=1)
        unit, number = (
            ("Millis", milliseconds) if milliseconds % 1000 else ("Seconds", milliseconds // 1000)
        )
        suffix = "L" if number > _INT_MAX else ""
        return f"{self.use('java.time.Duration')}.of{unit}({number}{suffix})"
