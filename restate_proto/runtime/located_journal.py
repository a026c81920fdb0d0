"""A journal that finds the line of the user's code at which an attempt fails."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from restate_proto.protocol import Phase, StateMachine
from restate_proto.protocol.journal import Journal
from restate_proto.runtime.user_code import users_line

if TYPE_CHECKING:
    from restate_proto.protocol import AttemptError

__all__ = ["LocatedJournal", "LocatedMachine"]


class LocatedJournal(Journal):
    """A journal whose error has the line that the handler was at.

    The stack is walked when the attempt fails, and not before.
    """

    __slots__ = ()

    @override
    def fail_with(self, error: AttemptError) -> None:
        if self.phase is not Phase.CLOSED:
            line = users_line(sys._getframe(1))  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
            error = replace(error, line=line)
        super().fail_with(error)


class LocatedMachine(StateMachine):
    """A state machine with such a journal."""

    __slots__ = ()

    _journal_class: ClassVar = LocatedJournal
