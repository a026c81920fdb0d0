"""Known limits of SDKs and message libraries: explained, and demonstrated by each run.

A limit applies to cells and has a footnote. It says which problems it explains; every other problem
is a failure. A limit that does not show up where it should is a failure, too: it no longer exists,
and its entry has to be removed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from interop.cells import Cell, Outcome, Problem


@dataclass(frozen=True)
class Limit:
    """A known limit.

    Attributes:
        mark: its letter in the tables.
        text: the footnote: what cannot be done, and why.
        shows: whether it should show in a cell.
        explains: whether a problem of such a cell is this limit.
    """

    mark: str
    text: str
    shows: Callable[[Cell], bool]
    explains: Callable[[Problem], bool]


def judge(outcome: Outcome, limits: Sequence[Limit]) -> Outcome:
    """Mark the problems of an outcome that are known limits.

    Args:
        outcome: the outcome, in which no problem has a limit yet.
        limits: the known limits.

    Returns:
        A new outcome, with an additional problem for each limit that should show and did not.
    """
    here = [limit for limit in limits if limit.shows(outcome.cell)]
    problems: list[Problem] = []
    for problem in outcome.problems:
        limit = next((limit for limit in here if limit.explains(problem)), None)
        problems.append(replace(problem, limit=limit.mark if limit else None))
    shown = {problem.limit for problem in problems}
    for limit in here:
        if limit.mark not in shown:
            text = f"limit {limit.mark} did not show; where it is gone, its entry is to go"
            problems.append(Problem("all", "call", "limit", text))
    return replace(outcome, problems=problems)


def _is_a_plain_error(problem: Problem) -> bool:
    return problem.text.startswith(("refused: nothing instead of", "broken_rules: [] instead of"))


LIMITS = (
    Limit(
        "e",
        "Java's and Kotlin's SDK 2.4.1 drops the metadata of failures, in which the details of typed "
        "errors travel (toProtocolFailure writes none, and toRestateException reads none, in sdk-core/"
        "src/main/java/dev/restate/sdk/core/statemachine/Util.java; restatedev/sdk-java#596 adds them, "
        "from 2.7.0 on). What a handler of theirs throws, and what it catches, is the plain error with "
        "code and message. Outside of Restate their clients read details.",
        shows=lambda cell: (
            cell.mode in {"typed error", "rule"}
            and (
                cell.callee in {"java", "kotlin"}
                or (cell.caller in {"java", "kotlin"} and not cell.outside)
            )
        ),
        explains=_is_a_plain_error,
    ),
    Limit(
        "f",
        "TypeScript's ingress client 1.17.2 gives an empty body a content type "
        "(serializeBodyWithContentType in packages/libs/restate-sdk-clients/src/ingress.ts of "
        "restatedev/sdk-typescript), which Restate's ingress refuses where the service has JSON "
        "Schemas, as Python's have (restatedev/restate#3324): a message with nothing in it does not "
        "arrive in binary. In JSON it does: pass the serde `json` for it.",
        shows=lambda cell: (
            cell.outside
            and cell.caller == "typescript"
            and cell.callee == "python"
            and cell.encoding == "binary"
            and cell.mode in {"call", "send"}
        ),
        explains=lambda problem: (
            problem.case == "nothing" and "Empty body not allowed" in problem.text
        ),
    ),
    Limit(
        "g",
        "Go's ingress client 1.2.0 reads code, message and stack trace of an answer alone "
        "(restateError in internal/ingress/error.go of restatedev/sdk-go), and not the metadata, in "
        "which the details of typed errors travel. In handlers Go has them.",
        shows=lambda cell: (
            cell.mode in {"typed error", "rule"}
            and cell.outside
            and cell.caller == "go"
            and cell.callee not in {"java", "kotlin"}
        ),
        explains=_is_a_plain_error,
    ),
)

NOTES = (
    """TypeScript's SDK knows a workflow's run handler by the name `run` alone, so its contract has
   `rpc run` (workflow in packages/libs/restate-sdk/src/types/rpc.ts of restatedev/sdk-typescript).""",
)
