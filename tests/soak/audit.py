"""Compare the books: those of the clients, of the objects, and of what was done outside Restate."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.soak.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from soak.v1.soak_pb2 import Entry, Order

__all__ = ["Findings", "audit"]


@dataclass
class Findings:
    """The result of an audit.

    Attributes:
        effects: how many effects were ordered.
        repeated_runs: how often a run was executed again, which it may be.
        losses: effects that are not there.
        duplicates: effects that are there more than once.
        strangers: effects that nobody has ordered.
        disorder: effects that came before others that were before them.
        contradictions: effects whose records are not the same.
    """

    effects: int = 0
    repeated_runs: int = 0
    losses: list[str] = field(default_factory=list[str])
    duplicates: list[str] = field(default_factory=list[str])
    strangers: list[str] = field(default_factory=list[str])
    disorder: list[str] = field(default_factory=list[str])
    contradictions: list[str] = field(default_factory=list[str])


def audit(
    ordered: Iterable[tuple[str, Order]],
    told: Iterable[Entry],
    books: Mapping[str, Sequence[Entry]],
    executed: Mapping[str, Sequence[str]],
) -> Findings:
    """Compare the books.

    Args:
        ordered: the orders, with their kinds.
        told: the effects that clients were told of.
        books: the entries of each book, in their order; a key is `volume/shelf`.
        executed: the tokens of what was done outside Restate, by effect.
    """
    findings = Findings()
    entered: dict[str, list[tuple[str, int, str]]] = {}
    for book, entries in books.items():
        for place, entry in enumerate(entries):
            entered.setdefault(entry.id, []).append((book, place, entry.token))
    expected: Counter[str] = Counter()
    for kind, order in ordered:
        operation = OPERATIONS[kind]
        book = f"{order.book.volume}/{order.book.shelf}"
        places: dict[str, int] = {}
        for name in operation.effects:
            id_ = f"{order.id}/{name}"
            expected[id_] += 1
            found = entered.get(id_, [])
            if not found:
                findings.losses.append(f"{kind} {id_} is not in book {book}")
                continue
            if len(found) > 1:
                findings.duplicates.append(f"{kind} {id_} is in {found}")
            in_book, place, token = found[0]
            if in_book == book:
                places[name] = place
            else:
                findings.contradictions.append(f"{kind} {id_} is in book {in_book}, not in {book}")
            if name in operation.outside and token not in executed.get(id_, []):
                findings.contradictions.append(
                    f"{kind} {id_} has the token {token!r}, and those who had it are"
                    f" {executed.get(id_, [])}"
                )
        sequence = [places[name] for name in operation.in_sequence if name in places]
        if sequence != sorted(sequence):
            findings.disorder.append(
                f"{kind} {order.id}: {operation.in_sequence} are at {sequence}"
            )
    findings.effects = expected.total()
    findings.strangers += [id_ for id_ in {*entered, *executed} if id_ not in expected]
    for entry in told:
        tokens = [token for _, _, token in entered.get(entry.id, [])]
        if tokens and entry.token not in tokens:
            findings.contradictions.append(
                f"a client was told that {entry.id} has the token {entry.token!r}, and it has {tokens}"
            )
    findings.repeated_runs = sum(len(tokens) - 1 for tokens in executed.values())
    return findings
