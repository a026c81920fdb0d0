"""What a comparison says: differences of messages, and the findings about services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from restate_proto.contract.schema import KIND_WORDS
from restate_proto.evolution.rules import RULES

if TYPE_CHECKING:
    from restate_proto.contract.problems import Location
    from restate_proto.contract.schema import ServiceModel
    from restate_proto.evolution.rules import Rule

__all__ = ["Difference", "Finding", "Reporter"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that two versions of a message or enum read differently.

    Args:
        text: what has changed.
        remedy: what to do instead.
        before: where the old contract has it.
        place: where the new contract has it, or the message or enum that it was in.
        is_wider: whether new code reads all that old code writes, so that only old code that meets
            new values is in trouble.
    """

    text: str
    remedy: str
    before: Location
    place: Location
    is_wider: bool = False


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


class Reporter:
    """Makes the findings about one service.

    Args:
        old: the service in the old contract.
        new: what it is in the new one.
        place: where a finding is that has no better place; None where its file is gone.
    """

    def __init__(self, old: ServiceModel, new: ServiceModel, place: Location | None) -> None:
        self._service = old
        self._place = place
        self._names = frozenset({old.name, old.full_name, new.name, new.full_name})

    def finding(
        self,
        rule: str,
        text: str,
        *,
        before: Location,
        place: Location | None = None,
        handler: str | None = None,
        why: str = "",
        safe_way: str = "",
        **details: str,
    ) -> Finding:
        """Makes a finding.

        Args:
            rule: the id of its rule.
            text: what has changed.
            before: where the old contract has it.
            place: where the new contract has it.
            handler: the Restate name of the handler, in the old contract.
            why: what breaks, where the rule leaves that open.
            safe_way: what to do instead, where it is not the rule's.
            **details: for the placeholders in the rule's texts.
        """
        known = RULES[rule]
        service = self._service
        details["service"] = service.name
        title = f"{KIND_WORDS[service.kind]} {service.name}"
        return Finding(
            rule=known,
            place=place or self._place,
            before=before,
            service=service.name,
            handler=handler,
            message=f"{title}: {text}",
            why=why or known.why.format(**details),
            safe_way=safe_way or known.safe_way.format(**details),
            names=self._names,
        )
