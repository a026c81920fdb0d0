"""Translate the settings of a contract's services and handlers into options of the Go SDK."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from restate_proto.generate.go.file import quote
from restate_proto.generate.sdk_settings import (
    duration_settings,
    flag_settings,
    in_largest_unit,
    run_retention,
    shown_metadata,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import HandlerModel, ServiceModel
    from restate_proto.generate.go.file import GoFile
    from restate_proto.model.retry import InvocationRetryPolicy

__all__ = ["handler_options", "service_options"]

_UNITS = (
    ("Hour", timedelta(hours=1)),
    ("Minute", timedelta(minutes=1)),
    ("Second", timedelta(seconds=1)),
    ("Millisecond", timedelta(milliseconds=1)),
)


def service_options(file: GoFile, service: ServiceModel) -> list[str]:
    """Return the options of a service's definition."""
    return list(_options(service, _Durations(file, " * ")))


def handler_options(file: GoFile, service: ServiceModel, handler: HandlerModel) -> list[str]:
    """Return the options of a handler except for its codecs."""
    durations = _Durations(file, "*")
    options = list(_options(handler, durations))
    retention = run_retention(service, handler)
    if retention is not None:
        options.append(f"restate.WithWorkflowRetention({durations.written(retention)})")
    return options


@dataclass(frozen=True, slots=True)
class _Durations:
    """Writes durations.

    Args:
        file: collects the imports.
        times: the sign between number and unit; gofmt leaves out the spaces around it if there are
            several arguments, at any depth.
    """

    file: GoFile
    times: str

    def written(self, duration: timedelta) -> str:
        """Return a duration in the largest unit that leaves a whole number."""
        number, unit = in_largest_unit(duration, _UNITS)
        return f"{number}{self.times}{self.file.use(f'time.{unit}')}"


def _options(described: ServiceModel | HandlerModel, durations: _Durations) -> Iterator[str]:
    config = described.config
    if described.comment is not None:
        yield f"restate.WithDocumentation({quote(described.comment)})"
    for name, duration in duration_settings(config):
        yield f"restate.With{_capitalized(name)}({durations.written(duration)})"
    for name, flag in flag_settings(config):
        yield f"restate.With{_capitalized(name)}({flag})"
    if config.retry_policy is not None:
        yield f"restate.WithInvocationRetryPolicy({_retry_policy(config.retry_policy, durations)})"
    for key, value in shown_metadata(described).items():
        yield f"restate.WithMetadata({quote(key)}, {quote(value)})"


def _retry_policy(policy: InvocationRetryPolicy, durations: _Durations) -> str:
    options = list(_retry_options(policy, durations))
    if len(options) > 1:
        options = list(_retry_options(policy, replace(durations, times="*")))
    return ", ".join(options)


def _retry_options(policy: InvocationRetryPolicy, durations: _Durations) -> Iterator[str]:
    if policy.initial_interval is not None:
        yield f"restate.WithInitialRetryInterval({durations.written(policy.initial_interval)})"
    if policy.factor is not None:
        yield f"restate.WithRetryIntervalFactor({policy.factor:g})"
    if policy.max_interval is not None:
        yield f"restate.WithMaxRetryInterval({durations.written(policy.max_interval)})"
    if policy.max_attempts is not None:
        yield f"restate.WithMaxRetryAttempts({policy.max_attempts})"
    if policy.on_max_attempts is not None:
        yield f"restate.{policy.on_max_attempts.value.capitalize()}OnMaxAttempts()"


def _capitalized(name: str) -> str:
    return name[:1].upper() + name[1:]
