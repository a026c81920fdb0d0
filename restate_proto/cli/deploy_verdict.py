"""Find out what a deployment breaks, by comparing the registered contract with the served one.

Endpoints of this project register their contract with their services; those of other SDKs do not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.metadata import CONTRACT, read_contract
from restate_proto.contract.parse.files import parse_files
from restate_proto.contract.problems import PluginError, Problems
from restate_proto.evolution import ContractVersion, Severity, compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from restate_proto.evolution import Finding

__all__ = ["Verdict", "judge"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a deployment breaks.

    Args:
        findings: what breaks or may break, as `restate-proto breaking` finds it.
        compared: the names of the services that were compared.
        unknown: the names of those that were not, because one side has no contract.
    """

    findings: tuple[Finding, ...]
    compared: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def breaks(self) -> bool:
        """Whether something breaks, and not only may."""
        return any(finding.rule.severity is Severity.BREAKING for finding in self.findings)


def judge(current: Iterable[Mapping[str, Any]], served: Iterable[Mapping[str, Any]]) -> Verdict:
    """Compare services of two deployments.

    Args:
        current: the services before the change, as the admin API describes them.
        served: the services after it; a new service breaks nothing.
    """
    new = {service["name"]: service for service in served}
    findings: list[Finding] = []
    compared: list[str] = []
    unknown: list[str] = []
    for service in sorted(current, key=lambda each: each["name"]):
        name = service["name"]
        old = _registered_contract(service)
        after = _registered_contract(new[name]) if name in new else _NO_SERVICES
        if old is None or after is None:
            unknown.append(name)
        else:
            compared.append(name)
            findings += compare(old, after)
    return Verdict(tuple(findings), tuple(compared), tuple(unknown))


def _registered_contract(described: Mapping[str, Any]) -> ContractVersion | None:
    """Return the contract in the metadata of a service, reduced to this service."""
    metadata: Mapping[str, Any] = described.get("metadata") or {}
    files = read_contract(metadata.get(CONTRACT, ""))
    if files is None or not files.file:
        return None
    try:
        descriptors = Descriptors(files.file)
        # An older contract may break today's rules; the parts that can be read are compared.
        (parsed,) = parse_files(
            descriptors, [files.file[-1].name], all_services=True, problems=Problems()
        )
    except (PluginError, ValueError):
        return None
    services = tuple(each for each in parsed.services if each.name == described["name"])
    if not services:
        return None
    return ContractVersion((replace(parsed, services=services),), descriptors)


_NO_SERVICES = ContractVersion((), Descriptors(()))
