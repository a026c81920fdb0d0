"""The result of running code on one journal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from restate_proto.ingress.introspection import RawJournal

__all__ = ["Outcome", "Verdict"]


class Outcome(Enum):
    """What code does on a journal. For all but DIFFERS, a real attempt of the code would go on."""

    ENDS = "ends"
    """It ends as the invocation ended."""

    WAITS = "waits"
    """It waits where the invocation waits."""

    GOES_ON = "goes-on"
    """It does everything that the journal has; the replay stops where it would do more."""

    HARMLESS = "harmless"
    """It does everything that the journal has, but with another result, or another delay of a
    message. Once these are in a journal, no attempt looks at them.
    """

    NOT_BEGUN = "not-begun"
    """There is no journal: the invocation has not begun, or Restate keeps none of it."""

    DIFFERS = "differs"
    """It does something else than the journal has."""

    UNDECIDED = "undecided"
    """The journal lacks what it takes to decide."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What code does on one journal.

    Args:
        journal: the journal.
        outcome: what the code does.
        text: details in words, where the outcome does not say everything.
        entry: the number of the journal's entry that differs; None if no entry does.
        recorded: the entry that differs, in words.
        line: the line of user code that differs, as `file:line`; None if it is not known.
        repair: what can be done about a difference, one line for each way.
    """

    journal: RawJournal
    outcome: Outcome
    text: str = ""
    entry: int | None = None
    recorded: str = ""
    line: str | None = None
    repair: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the verdict for programs."""
        return {
            "id": self.journal.id,
            "handler": self.journal.handler,
            "key": self.journal.key,
            "status": self.journal.status,
            "outcome": self.outcome.value,
            "text": self.text,
            "entry": self.entry,
            "recorded": self.recorded,
            "line": self.line,
            "repair": list(self.repair),
        }
