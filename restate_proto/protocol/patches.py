"""Patches: changes of a handler's code while its invocations are in flight.

A patch's marker is a run that is named after it, with a result that nobody waits for: a command that
has no effect, that every version of the protocol has, and that Restate's UI shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.protocol.messages import MARKER_PREFIX, MessageType
from restate_proto.protocol.phases import Phase
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from restate_proto.protocol.commands import Commands
    from restate_proto.protocol.journal import Journal

__all__ = ["Patches"]

_RESULT = b"true"


class Patches:
    """The patches that the handler of one attempt has asked about.

    The first question about a patch decides it for the whole attempt, by the journal's position
    there. Every attempt decides alike, for the journal before that position is the same, and what
    follows on it is never taken away.

    Args:
        journal: the attempt's journal.
        commands: what issues the markers.
    """

    __slots__ = ("_commands", "_decided", "_journal")

    def __init__(self, journal: Journal, commands: Commands) -> None:
        self._journal = journal
        self._commands = commands
        self._decided: dict[str, bool] = {}

    def is_patched(self, name: str) -> bool:
        """Whether the invocation takes the patch's new code.

        It does where the next recorded command is the patch's marker, and past the journal, where
        the marker is written. It does not where another command is still to be replayed: code
        without the patch has written that.

        Args:
            name: the patch.

        Raises:
            AttemptEnded: the attempt is over.
        """
        decided = self._decided.get(name)
        if decided is None:
            decided = self._journal.phase is not Phase.REPLAYING or self._is_next(name)
            if decided:
                self._mark(name)
            self._decided[name] = decided
        return decided

    def deprecate(self, name: str) -> None:
        """Pass over the patch's marker, where that is the next recorded command; else do nothing.

        Args:
            name: the patch.

        Raises:
            AttemptEnded: the attempt is over.
        """
        if self._journal.phase is Phase.CLOSED:
            self._journal.refuse()
        elif name not in self._decided:
            if self._journal.phase is Phase.REPLAYING and self._is_next(name):
                self._mark(name)
            self._decided[name] = True

    def _is_next(self, name: str) -> bool:
        type_, payload = self._journal.recorded[-1]
        if type_ != MessageType.RUN:
            return False
        command = self._journal.decode(pb.RunCommandMessage, type_, payload)
        return command.name == MARKER_PREFIX + name

    def _mark(self, name: str) -> None:
        id_, has_no_result = self._commands.run(MARKER_PREFIX + name)
        if has_no_result:  # also of an attempt that was cut off between the two
            self._commands.propose_run(id_, _RESULT)
