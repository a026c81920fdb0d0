"""What an endpoint validates, as users set it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Validation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """What an endpoint validates by the rules of `buf.validate` that its contracts have.

    Attributes:
        requests: whether requests are validated before their handler runs. What breaks a rule
            ends with code 400.
        run_results: whether results of `ctx.run` are validated before they are recorded. What
            breaks a rule is the terminal failure of the run, which is not executed again.
        state: whether state is validated before it is written. What breaks a rule raises an
            `InvalidMessageError` in the handler, which is retried as other exceptions are.
    """

    requests: bool = True
    run_results: bool = False
    state: bool = False
