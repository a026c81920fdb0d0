"""What a deployment breaks: the contracts of what is registered and of what is served, compared.

An endpoint of this project registers its contract with its services; that of other SDKs has none.
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
        findings: what breaks, or may, as `restate-proto breaking` finds it.
        judged: the names of the services that were compared.
        unknown: the names of those that were not, since one side has no contract.
    """

    findings: tuple[Finding, ...]
    judged: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def breaks(self) -> bool:
        """Whether something breaks, and not only may."""
        return any(finding.rule.severity is Severity.BREAKING for finding in self.findings)


def judge(current: Iterable[Mapping[str, Any]], served: Iterable[Mapping[str, Any]]) -> Verdict:
    """Compares services of two deployments.

    Args:
        current: the services that are to be replaced, as the admin API describes them.
        served: what is to replace them; a new service breaks nothing.
    """
    new = {service["name"]: service for service in served}
    findings: list[Finding] = []
    judged: list[str] = []
    unknown: list[str] = []
    for service in sorted(current, key=lambda each: each["name"]):
        name = service["name"]
        old = _contract(service)
        after = _contract(new[name]) if name in new else _NOTHING
        if old is None or after is None:
            unknown.append(name)
        else:
            judged.append(name)
            findings += compare(old, after)
    return Verdict(tuple(findings), tuple(judged), tuple(unknown))


def _contract(described: Mapping[str, Any]) -> ContractVersion | None:
    """Returns what the metadata of a service says that its contract is: this service alone."""
    files = read_contract(described.get("metadata", {}).get(CONTRACT, ""))
    if files is None or not files.file:
        return None
    try:
        descriptors = Descriptors(files.file)
        # The past may have broken rules of today; what can be read is compared.
        (parsed,) = parse_files(
            descriptors, [files.file[-1].name], all_services=True, problems=Problems()
        )
    except (PluginError, ValueError):
        return None
    services = tuple(each for each in parsed.services if each.name == described["name"])
    if not services:
        return None
    return ContractVersion((replace(parsed, services=services),), descriptors)


_NOTHING = ContractVersion((), Descriptors(()))
