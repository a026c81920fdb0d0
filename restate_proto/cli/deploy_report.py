"""The output of `deploy` and `rollback`: text as they proceed, or one JSON object at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from restate_proto.cli.breaking_report import finding_json
from restate_proto.cli.deploy_plan import Action
from restate_proto.cli.deployment_status import paused_on
from restate_proto.cli.draining import in_flight_words
from restate_proto.cli.printing import print_json, print_lines, print_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from restate_proto.cli.deploy_plan import DeployPlan
    from restate_proto.cli.deploy_verdict import Verdict
    from restate_proto.cli.deployment_status import DeploymentStatus, PausedInvocation
    from restate_proto.cli.service_changes import ServiceChange
    from restate_proto.ingress.admin import AdminClient
    from restate_proto.testing.journals.report import ReplayReport

__all__ = ["DeployReport", "OlderDeployments"]

_NAMED = 10  # paused invocations of a deployment; JSON has all

_DONE = {
    Action.REGISTER: "Registered {address} as {id}",
    Action.REPLACE: "Replaced the registration of {address}, {id}",
    Action.MAKE_CURRENT: "{address} is registered as {id}, and new invocations go there again",
    Action.NOTHING: "{address} is registered as {id} and serves the same as before: nothing to do",
}
_PLANNED = {
    Action.REGISTER: "{address} is new",
    Action.REPLACE: "{address} does not serve what is registered as {id}",
    Action.MAKE_CURRENT: "{address} is registered as {id}; new invocations would go there again",
    Action.NOTHING: _DONE[Action.NOTHING],
}


@dataclass(frozen=True, slots=True)
class OlderDeployments:
    """What happened to older deployments.

    Args:
        removed: those that were removed.
        kept: the others.
        paused: the invocations that are paused on those, by the ids of the deployments.
    """

    removed: Sequence[DeploymentStatus]
    kept: Sequence[DeploymentStatus]
    paused: Mapping[str, Sequence[PausedInvocation]]

    @classmethod
    def load(
        cls,
        admin: AdminClient,
        kept: Sequence[DeploymentStatus],
        removed: Sequence[DeploymentStatus] = (),
    ) -> OlderDeployments:
        """Ask which invocations are paused.

        Raises:
            IngressError: the server refuses, or does not answer as an admin API does.
        """
        return cls(removed, kept, {it.id: paused_on(admin, it.id) for it in kept if it.paused})


@dataclass(slots=True)
class DeployReport:
    """Says what a command would change, what it did, and what still runs on older deployments.

    Args:
        plan: the plan.
        verdict: what the plan breaks.
        as_json: whether to print only JSON, at the end.
    """

    plan: DeployPlan
    verdict: Verdict
    as_json: bool
    _document: dict[str, Any] = field(default_factory=dict[str, Any])

    def show_plan(self, deployment_id: str | None, *, done: bool) -> None:
        """Say what changes and what that breaks.

        Args:
            deployment_id: the id of the deployment; None if it has none yet.
            done: whether the change has been made.
        """
        action = self.plan.action
        self._document |= {
            "address": self.plan.address,
            "deployment": deployment_id,
            "action": action.value,
            "done": done,
            "services": [_service(change) for change in self.plan.changes],
            "breaking": [finding_json(finding) for finding in self.verdict.findings],
            "no_verdict": list(self.verdict.unknown),
        }
        if not self.as_json:
            title = (_DONE if done else _PLANNED)[action]
            print_lines([title.format(address=self.plan.address, id=deployment_id)])
            print_table(
                ("Service", "Kind", "Handlers", "Change"),
                [
                    (it.name, it.kind, ", ".join(it.handlers), "\n".join(it.details) or it.change)
                    for it in self.plan.changes
                ],
            )
            print_lines(self._verdict())

    def show_replay(self, report: ReplayReport) -> None:
        """Say what the code does on the journals of invocations in flight."""
        self._document["replay"] = report.to_json()
        if not self.as_json:
            print_lines(report.lines())

    def show_older(self, older: OlderDeployments, *, prunes: bool) -> None:
        """Say what happened to older deployments.

        Args:
            older: the deployments.
            prunes: whether the command has `--prune`.
        """
        self._document |= {
            "removed": [each.id for each in older.removed],
            "older": [
                {
                    "id": each.id,
                    "address": each.address,
                    "in_flight": dict(each.in_flight),
                    "paused": [
                        {"id": one.id, "target": one.target}
                        for one in older.paused.get(each.id, ())
                    ],
                }
                for each in older.kept
            ],
        }
        if not self.as_json:
            print_lines(_older(older, prunes=prunes))

    def close(self, refusal: str | None = None) -> None:
        """Print the JSON, if that was asked for.

        Args:
            refusal: why nothing was done; None if something was.
        """
        if self.as_json:
            print_json({**self._document, "refused": refusal})

    def _verdict(self) -> Iterator[str]:
        for finding in self.verdict.findings:
            yield f"{finding.rule.severity.value}: {finding.message} [{finding.rule.id}]"
            yield f"    why: {finding.why}"
            yield f"    safe way: {finding.safe_way}"
        if self.verdict.compared and not self.verdict.findings:
            yield "The contract breaks nothing that is registered"
        if self.verdict.unknown:
            names = ", ".join(self.verdict.unknown)
            yield f"No verdict on {names}: one version or both did not register a contract"


def _older(older: OlderDeployments, *, prunes: bool) -> Iterator[str]:
    for each in older.removed:
        yield f"Removed {each}"
    for each in older.kept:
        if not each.total:
            yield f"{each} is drained{'; --prune removes it' if prunes else ''}"
            continue
        yield f"{each} is kept, with {in_flight_words(each)}"
        paused = older.paused.get(each.id, ())
        for one in paused[:_NAMED]:
            yield f"    paused: {one.id} {one.target}"
        if len(paused) > _NAMED:
            yield f"    and {len(paused) - _NAMED} more"


def _service(change: ServiceChange) -> dict[str, Any]:
    return {
        "name": change.name,
        "kind": change.kind,
        "handlers": list(change.handlers),
        "change": change.change,
        "details": list(change.details),
    }
