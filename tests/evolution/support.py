"""Compare contracts that are given as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from restate_proto.contract.descriptors import Descriptors
from restate_proto.contract.parse.files import parse_files
from restate_proto.evolution import ContractVersion, Finding, compare

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.protoc import Compile

__all__ = ["Changes", "ids"]


class Changes:
    """Compares two contracts, each a text or files by path."""

    def __init__(self, compile_request: Compile) -> None:
        self._compile = compile_request

    def __call__(
        self,
        old: str | Mapping[str, str],
        new: str | Mapping[str, str],
        *,
        only: str | None = None,
    ) -> tuple[Finding, ...]:
        """Compares; `only` is the one file that is the contract, the others are imports."""
        return compare(self.version(old), self.version(new, only))

    def version(
        self, contract: str | Mapping[str, str], only: str | None = None
    ) -> ContractVersion:
        files = {"shop.proto": contract} if isinstance(contract, str) else contract
        request = self._compile(files, only=only)
        descriptors = Descriptors(request.proto_file)
        files = parse_files(descriptors, request.file_to_generate, all_services=False)
        return ContractVersion(files, descriptors)


def ids(findings: tuple[Finding, ...]) -> list[str]:
    return [finding.rule.id for finding in findings]
