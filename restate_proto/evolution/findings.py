"""What a comparison says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from restate_proto.contract.problems import Location
    from restate_proto.evolution.rules import Rule

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One change that breaks something, or may.

    Args:
        rule: what kind of change it is.
        place: where to look in the new contract: the thing itself or, where it is gone, what is
            around it; None where the file is gone too.
        before: where the old contract has it.
        service: the Restate name of the service, in the old contract.
        handler: the Restate name of the handler, in the old contract, where it is about one.
        message: what has changed.
        why: what breaks.
        safe_way: what to do instead.
        names: all names of the service: Restate's and proto's, in both contracts.
    """

    rule: Rule
    place: Location | None
    before: Location
    service: str
    handler: str | None
    message: str
    why: str
    safe_way: str
    names: frozenset[str] = field(repr=False)

    def is_in(self, service: str, handler: str | None = None) -> bool:
        """Whether it is about a service, by any of its names, or about one handler of it."""
        return service in self.names and handler in {None, self.handler}
