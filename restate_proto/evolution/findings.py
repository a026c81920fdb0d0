"""The results of a comparison: differences between messages, and findings about services."""

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
    """A part of a payload that two versions of a message or enum read differently.

    Args:
        text: what has changed.
        remedy: what to do instead.
        before: its place in the old contract.
        place: its place in the new contract, or that of the message or enum which contained it.
        is_wider: whether new code reads everything that old code writes, so that only old code is
            affected, by new values.
    """

    text: str
    remedy: str
    before: Location
    place: Location
    is_wider: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One change that breaks something, or may break it.

    Args:
        rule: the kind of change.
        place: the place in the new contract: of the thing itself or, if it is gone, of what
            contained it; None if the file is gone as well.
        before: the place in the old contract.
        service: the Restate name of the service, in the old contract.
        handler: the Restate name of the handler in the old contract, if the finding concerns one.
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
        """Tell whether it concerns a service, given by any of its names, or one of its handlers."""
        return service in self.names and handler in {None, self.handler}


class Reporter:
    """Makes the findings about one service.

    Args:
        old: the service in the old contract.
        new: the service in the new one.
        place: the place of findings without a better one; None if its file is gone.
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
        """Make a finding.

        Args:
            rule: the id of its rule.
            text: what has changed.
            before: the place in the old contract.
            place: the place in the new contract.
            handler: the Restate name of the handler, in the old contract.
            why: what breaks, if the rule leaves that open.
            safe_way: what to do instead, if the rule's advice does not apply.
            **details: values for the placeholders in the rule's texts.
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
