"""Compare the payloads of a service: the messages of its parts, and everything in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from restate_proto.contract.problems import Location
    from restate_proto.contract.schema import MessageType
    from restate_proto.evolution.compare_messages import PayloadComparison
    from restate_proto.evolution.findings import Difference, Finding, Reporter
    from restate_proto.model.kinds import Encoding

__all__ = ["Use", "type_findings"]

_FEW = 3


@dataclass(frozen=True, slots=True)
class Use:
    """A part of a service that holds a message.

    Args:
        rule: the id of the rule that applies if the message is another one.
        title: the name of the part in texts: `state "tickets"`, `the request of AddTicket`.
        old: the message in the old contract.
        new: the message in the new contract.
        before: the place of the part in the old contract.
        place: the place of the part in the new contract.
        handler: the Restate name of the handler that the part belongs to, if any.
        name: the Restate name of the part, if it is a declaration.
        encoding: the encoding of the message, if it is not that of the service.
    """

    rule: str
    title: str
    old: MessageType
    new: MessageType
    before: Location
    place: Location
    handler: str | None = None
    name: str | None = None
    encoding: Encoding | None = None


def type_findings(
    report: Reporter,
    uses: Sequence[Use],
    encodings: Collection[Encoding],
    payloads: PayloadComparison,
) -> Iterator[Finding]:
    """Find the payloads of a service that are read differently.

    Args:
        report: makes the findings.
        uses: the parts that hold messages in both contracts.
        encodings: the encodings of payloads, now and before.
        payloads: compares messages.
    """
    changed: dict[Difference, list[Use]] = {}
    for use in uses:
        names = (use.old.full_name, use.new.full_name)
        kept_in = encodings if use.encoding is None else {use.encoding}
        # A difference that exists in both encodings is reported once.
        found = dict.fromkeys(
            difference
            for encoding in sorted(kept_in, key=lambda each: each.value)
            for difference in payloads.differences(*names, encoding)
        )
        if use.old.full_name != use.new.full_name:
            broken = [difference for difference in found if not difference.is_wider]
            yield from _another_type(report, use, broken)
            found = dict.fromkeys(difference for difference in found if difference.is_wider)
        for difference in found:
            changed.setdefault(difference, []).append(use)
    for difference, users in changed.items():
        yield _changed_message(report, difference, users)


def _another_type(report: Reporter, use: Use, found: Sequence[Difference]) -> Iterator[Finding]:
    text = f"{use.title} was {use.old.full_name} and is {use.new.full_name}"
    if found:
        text += f": {_first_few([difference.text for difference in found])}"
    elif use.name is None:
        return  # requests and responses are not stored, and buf reports the new name of their type
    yield report.finding(
        use.rule if found else "TYPE_RENAMED",
        text,
        before=use.before,
        place=use.place,
        handler=use.handler,
        old=use.name or "",
    )


def _changed_message(report: Reporter, difference: Difference, users: Sequence[Use]) -> Finding:
    handlers = {use.handler for use in users}
    return report.finding(
        "FIELD_WIDENED" if difference.is_wider else "MESSAGE_CHANGED",
        difference.text,
        before=difference.before,
        place=difference.place,
        handler=handlers.pop() if len(handlers) == 1 else None,
        uses=_first_few(list(dict.fromkeys(use.title for use in users))),
        remedy=difference.remedy,
    )


def _first_few(texts: Sequence[str]) -> str:
    shown = ", ".join(texts[:_FEW])
    more = len(texts) - _FEW
    return f"{shown} and {more} more" if more > 0 else shown
