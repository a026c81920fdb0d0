"""What a deployment breaks, compared by the contracts that are registered with services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from restate_proto.cli.deploy_verdict import judge
from restate_proto.contract.metadata import CONTRACT, write_contract
from tests.protoc import compile_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TEXT = """
syntax = "proto3";
package desk.v1;
import "restatepb/v1/options.proto";
import "desk/v1/notes.proto";
service Desk {
  option (restatepb.v1.object) = {
    state: { name: "open" type: "desk.v1.Note" }
    config: { journal_retention: { seconds: 60 } }
  };
  rpc Open(Note) returns (Note);
}
service Bell {
  option (restatepb.v1.service) = { name: "Bell" };
  rpc Ring(Note) returns (Note);
}
"""
NOTES = 'syntax = "proto3"; package desk.v1; message Note { string text = 1; } message Other { int32 n = 1; }'


@pytest.fixture
def registered(tmp_path: Path) -> Callable[..., Any]:
    """Return services as the admin API describes them, after replacements in their contract."""
    folders = iter(range(9))

    def make(*changes: tuple[str, str], names: tuple[str, ...] = ("Bell", "desk.v1.Desk")) -> Any:
        desk, notes = TEXT, NOTES
        for old, new in changes:
            assert old in desk + notes
            desk, notes = desk.replace(old, new), notes.replace(old, new)
        folder = tmp_path / str(next(folders))
        folder.mkdir()
        files = {"desk/v1/notes.proto": notes, "desk/v1/desk.proto": desk}
        request = compile_files(folder, files, "", None)
        text = write_contract(FileDescriptorSet(file=request.proto_file).SerializeToString())
        return [{"name": name, "metadata": {"team": "red", CONTRACT: text}} for name in names]

    return make


def rules(current: Any, served: Any) -> list[str]:
    return sorted(finding.rule.id for finding in judge(current, served).findings)


def test_what_is_the_same_breaks_nothing(registered: Any) -> None:
    verdict = judge(registered(), registered())
    assert verdict.findings == ()
    assert verdict.compared == ("Bell", "desk.v1.Desk")
    assert verdict.unknown == ()
    assert not verdict.breaks


def test_each_service_has_its_own_findings(registered: Any) -> None:
    state = ('"open" type: "desk.v1.Note"', '"open" type: "desk.v1.Other"')
    handler = ("rpc Ring", "rpc Chime")
    verdict = judge(registered(), registered(state, handler))
    assert verdict.breaks
    assert [(it.service, it.rule.id) for it in verdict.findings] == [
        ("Bell", "HANDLER_RENAMED"),
        ("desk.v1.Desk", "STATE_TYPE_CHANGED"),
    ]
    # A service that another deployment serves is not this one's.
    assert rules(registered(names=("Bell",)), registered(state)) == []


def test_a_message_of_an_imported_file(registered: Any) -> None:
    renumbered = ("string text = 1", "string text = 2")
    assert set(rules(registered(), registered(renumbered))) == {"MESSAGE_CHANGED"}


def test_a_warning_does_not_break(registered: Any) -> None:
    verdict = judge(registered(), registered(("seconds: 60", "seconds: 30")))
    assert [finding.rule.id for finding in verdict.findings] == ["RETENTION_SHORTENED"]
    assert not verdict.breaks


def test_a_service_that_is_gone_and_one_that_is_new(registered: Any) -> None:
    assert rules(registered(), registered(names=("Bell",))) == ["SERVICE_REMOVED"]
    assert rules(registered(names=("Bell",)), registered()) == []


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {CONTRACT: ""}, {CONTRACT: "bm90IHppcHBlZA=="}, {CONTRACT: "eJwDAAAAAAE="}],
)
def test_without_a_contract_there_is_no_verdict(
    metadata: dict[str, str] | None, registered: Any
) -> None:
    other: dict[str, Any] = {"name": "Bell"}
    if metadata is not None:
        other["metadata"] = metadata
    for pair in (([other], registered()), (registered(names=("Bell",)), [other])):
        verdict = judge(*pair)
        assert (verdict.findings, verdict.compared, verdict.unknown) == ((), (), ("Bell",))
