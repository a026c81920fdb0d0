"""Makes findings about one service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.schema import KIND_WORDS
from restate_proto.evolution.findings import Finding
from restate_proto.evolution.rules import RULES

if TYPE_CHECKING:
    from restate_proto.contract.problems import Location
    from restate_proto.contract.schema import ServiceModel

__all__ = ["Reporter"]


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
