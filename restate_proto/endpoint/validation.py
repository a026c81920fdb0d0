"""`Validation`: the option that says what an endpoint validates."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Validation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What an endpoint validates by the rules of `buf.validate` in its contracts.

    Attributes:
        requests: whether requests are validated before their handler runs. One that breaks a rule
            ends with code 400.
        run_results: whether results of `ctx.run` are validated before they are recorded. One that
            breaks a rule makes the run fail with a terminal error; it is not executed again.
        state: whether state is validated before it is written. A value that breaks a rule raises an
            `InvalidMessageError` in the handler, which is retried like other exceptions.
    """

    requests: bool = True
    run_results: bool = False
    state: bool = False
