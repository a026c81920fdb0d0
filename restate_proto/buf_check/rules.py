"""The rules for buf: one for contracts, one for each language, and those of evolution."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from restate_proto.evolution import RULES, Severity

__all__ = [
    "ALL_RULES",
    "CATEGORIES",
    "CONTRACT",
    "LANGUAGES",
    "CheckRule",
    "RuleType",
    "breaking_id",
]

CONTRACT = "RESTATE_CONTRACT"
"""The rule for contracts that no generator accepts."""

LANGUAGES = {
    f"RESTATE_{language.upper()}": language
    for language in ("go", "java", "kotlin", "python", "typescript")
}
"""The languages by the ids of their rules, which report what a language's generator refuses."""

CATEGORIES = {
    "RESTATE": "Checks what a contract says of Restate.",
    "RESTATE_BREAKING": "Checks that a change breaks no invocation, state or caller in Restate.",
    "RESTATE_WARNING": "Checks for changes that may break an invocation, state or caller in Restate.",
}


class RuleType(IntEnum):
    """The command of buf that applies a rule, as the number of `buf.plugin.check.v1.RuleType`."""

    LINT = 1
    BREAKING = 2


@dataclass(frozen=True, slots=True)
class CheckRule:
    """A rule, as buf knows it.

    Args:
        id: the name of the rule: `RESTATE_STATE_REMOVED`.
        type: the command that applies it.
        purpose: a sentence that says what it is for.
        category: the group of rules that it belongs to, which `buf.yaml` can name.
        is_default: whether it is applied if a configuration does not name it.
    """

    id: str
    type: RuleType
    purpose: str
    category: str
    is_default: bool


def breaking_id(rule: str) -> str:
    """Return buf's id for a rule of `restate-proto breaking`."""
    return f"RESTATE_{rule}"


def _breaking_rules() -> list[CheckRule]:
    found: list[CheckRule] = []
    for rule in RULES.values():
        breaks = rule.severity is Severity.BREAKING
        found.append(
            CheckRule(
                breaking_id(rule.id),
                RuleType.BREAKING,
                f"Checks for what {'breaks' if breaks else 'may break'} in Restate: {rule.what}.",
                "RESTATE_BREAKING" if breaks else "RESTATE_WARNING",
                breaks,
            )
        )
    return found


ALL_RULES = (
    CheckRule(
        CONTRACT,
        RuleType.LINT,
        "Checks that services, options and messages are a contract that Restate can serve.",
        "RESTATE",
        True,
    ),
    *(
        CheckRule(
            id_,
            RuleType.LINT,
            f"Checks that the contract has names that {language.capitalize()} can have.",
            "RESTATE",
            False,
        )
        for id_, language in LANGUAGES.items()
    ),
    *_breaking_rules(),
)
