"""What SDKs and message libraries cannot do: known, explained, and shown by each run.

A limit marks cells and has a footnote. It says which problems it explains; every other problem is a
failure. So is a limit that does not show where it should: then it is gone, and its entry is to go.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from interop.cells import Cell, Outcome, Problem
from interop.languages import GO_GENERATOR
from interop.toolchains import EXAMPLE

CHANGED_ZERO = "0000000000000000 instead of 8000000000000000"


@dataclass(frozen=True)
class Limit:
    """A known limit.

    Attributes:
        mark: its letter in the tables.
        text: the footnote: what cannot be done, and why.
        shows: whether it shows in a cell.
        explains: whether a problem of such a cell is this limit.
    """

    mark: str
    text: str
    shows: Callable[[Cell], bool]
    explains: Callable[[Problem], bool]


def judge(outcome: Outcome, limits: Sequence[Limit]) -> Outcome:
    """The outcome with its problems explained, where they are known limits.

    Args:
        outcome: what was found; no problem has a limit yet.
        limits: the known limits.

    Returns:
        A new outcome. It has a problem more for each limit that did not show.
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


LIMITS = (
    Limit(
        "a",
        "ProtoJSON loses the sign of -0.0: TypeScript writes it as 0 (JSON.stringify does), and "
        "Java and Kotlin read it as 0 (protobuf-java's JsonFormat makes it a BigDecimal).",
        shows=lambda cell: (
            cell.encoding == "json"
            and not {cell.caller, cell.callee}.isdisjoint({"typescript", "java", "kotlin"})
            and not cell.replays
            and cell.caller != "ingress"
        ),
        explains=lambda problem: (
            problem.case == "odd_floats" and problem.text.endswith(CHANGED_ZERO)
        ),
    ),
    Limit(
        "b",
        "Go's SDK marshals messages with their maps in random order, and compares a replay with "
        "the journal byte by byte (only its ProtoJSON codec is exempt): in binary, what a handler "
        "sends, sets or resolves again in a replay may fail with 570. A codec of one's own that "
        "marshals deterministically avoids it.",
        shows=lambda cell: (
            cell.replays
            and cell.encoding == "binary"
            and (cell.caller == "go" or (cell.callee == "go" and cell.kind == "workflow"))
        ),
        explains=lambda problem: problem.what == "failed" and "[570]" in problem.text,
    ),
    Limit(
        "c",
        "From outside, Go's binary services take the content type application/proto alone, which "
        "its codec declares and Restate's ingress insists on; others send application/protobuf. "
        "Between handlers there is no such check.",
        shows=lambda cell: (
            cell.callee == "go"
            and (
                cell.mode == "application/protobuf" or (cell.outside and cell.encoding == "binary")
            )
        ),
        explains=lambda problem: (
            problem.what == "failed" and "does not match 'application/proto'" in problem.text
        ),
    ),
    Limit(
        "d",
        "Go's SDK reads ProtoJSON with protojson.Unmarshal, which refuses unknown fields and "
        "names of enum values, and has no option for it: a contract in JSON cannot grow before "
        "all Go services have it. In binary it can.",
        shows=lambda cell: (
            cell.callee == "go" and cell.mode in {"new JSON fields", "new JSON enum"}
        ),
        explains=lambda problem: problem.what == "failed" and "[400]" in problem.text,
    ),
    Limit(
        "e",
        "Restate's ingress refuses an empty body without a content type where an SDK declares the "
        "input as required, and one with it where there is a JSON Schema. Java's and Kotlin's "
        "generated clients send {} as JSON, which restate-proto's handlers take. TypeScript's "
        "binary services take application/protobuf alone.",
        shows=lambda cell: (
            cell.outside
            and cell.caller in {"java", "kotlin"}
            and cell.callee == "typescript"
            and cell.encoding == "binary"
        ),
        explains=lambda problem: (
            problem.case == "nothing" and "does not match 'application/protobuf'" in problem.text
        ),
    ),
    Limit(
        "f",
        "Java's and Kotlin's SDK 2.4.1 drops the metadata of failures, in which the details of typed "
        "errors travel (sdk-core's statemachine/Util: toProtocolFailure writes none, "
        "toRestateException reads none). What a handler of theirs throws, and what it catches, is the "
        "plain error with code and message. Outside of Restate their clients read details.",
        shows=lambda cell: (
            cell.mode == "typed error"
            and (
                cell.callee in {"java", "kotlin"}
                or (cell.caller in {"java", "kotlin"} and not cell.outside)
            )
        ),
        explains=lambda problem: (
            problem.what == "refused" and problem.text.startswith("refused: nothing instead of")
        ),
    ),
)

NOTES = (
    """Go's options cannot say that a service is in binary, and its generated code is for ProtoJSON;
   restate.WithProto makes a client or a server binary.""",
    """TypeScript's SDK knows a workflow's run handler by the name `run` alone, so its contract has
   `rpc run`.""",
)
GENERATOR = EXAMPLE / "go/bin/protoc-gen-go-restate"
OLD_GENERATOR = """Go's generator is the one of v0.24: its newest module, x/protoc-gen-go-restate, was
   not to be had from the module proxy. The build renames two names in what it generates, as the
   SDK's migration guide says."""


def notes() -> list[str]:
    """What else there is to know of a run."""
    module = GO_GENERATOR.partition("@")[0].encode()
    if GENERATOR.exists() and module not in GENERATOR.read_bytes():
        return [*NOTES, OLD_GENERATOR]
    return list(NOTES)
