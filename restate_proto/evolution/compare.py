"""The entry point: match the services of two versions of a contract, and collect all findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.problems import Location
from restate_proto.evolution.compare_messages import PayloadComparison
from restate_proto.evolution.compare_service import compare_service, signature
from restate_proto.evolution.findings import Reporter
from restate_proto.evolution.match import match

if TYPE_CHECKING:
    from collections.abc import Iterator

    from restate_proto.contract.schema import ServiceModel
    from restate_proto.evolution.findings import Finding
    from restate_proto.evolution.version import ContractVersion

__all__ = ["compare"]


def compare(old: ContractVersion, new: ContractVersion) -> tuple[Finding, ...]:
    """Find what breaks invocations in flight, state at rest or clients of the old contract.

    Args:
        old: the contract that is running.
        new: the contract that will replace it.

    Returns:
        The findings, in the order of the new contract's files; those whose file is gone come last.
    """
    return tuple(sorted(_compare(old, new), key=_order))


def _compare(old: ContractVersion, new: ContractVersion) -> Iterator[Finding]:
    payloads = PayloadComparison(old, new)
    services = match(
        old.services,
        new.services,
        lambda service: service.name,
        # It may have kept its proto name, or its name in another package, or changed the name there.
        (
            lambda service: service.full_name,
            lambda service: (service.kind, service.proto),
            lambda service: (service.kind, frozenset(map(signature, service.handlers))),
        ),
    )
    for one, other in (*services.same, *services.renamed):
        yield from compare_service(old, new, one, other, payloads)
    for service in services.removed:
        yield from _removed(service, new)


def _removed(service: ServiceModel, new: ContractVersion) -> Iterator[Finding]:
    plain = new.plain_service(service.full_name)
    if plain is None and new.has_service(service.full_name):
        return  # its file is now imported: it has moved to another contract
    place = plain or new.file(service.location.file)
    report = Reporter(service, service, place)
    yield report.finding(
        "SERVICE_REMOVED",
        "it has no Restate option any more" if plain else "it is gone",
        before=service.location,
        and_handler="",
    )


def _order(finding: Finding) -> tuple[bool, Location]:
    return finding.place is None, finding.place or finding.before
