"""Compare two versions of a contract, and find what the change breaks in Restate."""

from __future__ import annotations

from restate_proto.evolution.compare import compare
from restate_proto.evolution.findings import Finding
from restate_proto.evolution.rules import RULES, Rule, Severity
from restate_proto.evolution.version import ContractVersion

__all__ = ["RULES", "ContractVersion", "Finding", "Rule", "Severity", "compare"]
