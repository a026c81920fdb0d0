"""`ctx.patched` in the journal: changes of a handler's code while invocations are in flight.

The marker of a patch is a run that is named after it and whose result is never awaited: such a
command has no effect, exists in every version of the protocol, and is shown by Restate's UI.
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
    """The patches that one attempt's handler has asked about.

    The first question about a patch decides it for the whole attempt, by the position in the
    journal at that moment. All attempts decide alike: the journal before that position is the same
    for all of them, and what follows it is never taken away.

    Args:
        journal: the attempt's journal.
        commands: issues the markers.
    """

    __slots__ = ("_commands", "_decided", "_journal")

    def __init__(self, journal: Journal, commands: Commands) -> None:
        self._journal = journal
        self._commands = commands
        self._decided: dict[str, bool] = {}

    def is_patched(self, name: str) -> bool:
        """Tell whether the invocation takes the patch's new code.

        It does if the next recorded command is the patch's marker, or if the journal is at its end,
        where the marker is then written. It does not if another command is still to be replayed,
        because code without the patch wrote that command.

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
        """Skip the patch's marker if that is the next recorded command; else do nothing.

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
        if has_no_result:  # also if an attempt was cut off between command and result
            self._commands.propose_run(id_, _RESULT)
