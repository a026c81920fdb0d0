"""Journals in the SQL tables: each command with its result."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from restate_proto.ingress.introspection import (
    Invocation,
    JournalEntry,
    Payload,
    PayloadRole,
    find_waits,
    read_journal,
)
from restate_proto.ingress.rows import Row
from restatepb.protocol.v1 import protocol_pb2 as pb

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from restate_proto.ingress.admin import AdminClient

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
NOON_MILLISECONDS = int(NOON.timestamp() * 1000)
ID = "inv_1jJOFEtKQPi13WEI5M6Y1FSPyEBoOI6i1g"
OTHER = "inv_1jJOFEtKQPi13WEI5M6Y1FSPyEBoOI6i1h"


class Tables:
    """An admin API with these rows."""

    def __init__(self, **rows: list[dict[str, Any]]) -> None:
        self._rows = rows
        self.asked: list[str] = []

    def query(self, sql: str) -> list[Row]:
        self.asked.append(sql)
        table = sql.partition(" FROM ")[2].split()[0]
        return [Row(row, sql) for row in self._rows.get(table, [])]


def invocation(**fields: Any) -> Invocation:
    found: dict[str, Any] = dict.fromkeys(Invocation.__dataclass_fields__)
    found |= {
        "id": ID,
        "service": "shop.v1.Cart",
        "handler": "Add",
        "key": "ada",
        "status": "suspended",
        "asked_at": NOON,
        "created_at": NOON,
        "journal_size": 0,
        "attempts": 0,
        "awaits": (),
    }
    return Invocation(**(found | fields))


def row(index: int, message: Message) -> dict[str, Any]:
    name = type(message).DESCRIPTOR.name
    if name.endswith("CommandMessage"):
        entry_type = f"Command: {name.removesuffix('CommandMessage')}"
    else:
        short = name.removesuffix("NotificationMessage").removesuffix("Completion")
        entry_type = f"Notification: {short}"
    raw = message.SerializeToString().hex()
    return {"index": index, "entry_type": entry_type, "version": 2, "raw": raw}


def journal(*messages: Message, **tables: list[dict[str, Any]]) -> tuple[JournalEntry, ...]:
    rows = [row(index, message) for index, message in enumerate(messages)]
    admin = cast("AdminClient", Tables(sys_journal=rows, **tables))
    return read_journal(admin, invocation()).entries


def own(data: bytes, role: PayloadRole, name: str) -> Payload:
    return Payload(data, role, "shop.v1.Cart", name)


VALUE = pb.Value(content=b"v")
FAILURE = pb.Failure(code=409, message="no")


@pytest.mark.parametrize(
    ("command", "what", "subject", "payload"),
    [
        (
            pb.InputCommandMessage(value=VALUE),
            "the handler's input",
            "",
            own(b"v", PayloadRole.REQUEST, "Add"),
        ),
        (
            pb.OutputCommandMessage(value=VALUE),
            "the handler's return",
            "",
            own(b"v", PayloadRole.RESPONSE, "Add"),
        ),
        (
            pb.SetStateCommandMessage(key=b"n", value=VALUE),
            "set state",
            "n",
            own(b"v", PayloadRole.STATE, "n"),
        ),
        (pb.ClearStateCommandMessage(key=b"n"), "clear state", "n", None),
        (pb.ClearAllStateCommandMessage(), "clear all state", "", None),
        (
            pb.CompletePromiseCommandMessage(key="p", completion_value=VALUE),
            "complete promise",
            "p",
            own(b"v", PayloadRole.PROMISE, "p"),
        ),
        (
            pb.SleepCommandMessage(wake_up_time=NOON_MILLISECONDS),
            "sleep",
            "until 2026-11-29 12:00:00 UTC",
            None,
        ),
        (
            pb.CallCommandMessage(service_name="s.T", key="k", handler_name="H", parameter=b"v"),
            "call",
            "s.T/k/H",
            Payload(b"v", PayloadRole.REQUEST, "s.T", "H"),
        ),
        (
            pb.OneWayCallCommandMessage(
                service_name="s.T", handler_name="H", invoke_time=NOON_MILLISECONDS
            ),
            "send",
            "s.T/H at 2026-11-29 12:00:00 UTC",
            Payload(b"", PayloadRole.REQUEST, "s.T", "H"),
        ),
        (
            pb.SendSignalCommandMessage(target_invocation_id=OTHER, name="go", value=VALUE),
            "send signal",
            "go",
            Payload(b"v", PayloadRole.UNTYPED),
        ),
        (
            pb.SendSignalCommandMessage(target_invocation_id=OTHER, idx=pb.CANCEL),
            "cancel",
            "",
            None,
        ),
        (
            pb.AttachInvocationCommandMessage(
                workflow_target=pb.WorkflowTarget(workflow_name="s.W", workflow_key="w")
            ),
            "attach to invocation",
            "s.W/w",
            None,
        ),
        (
            pb.GetInvocationOutputCommandMessage(
                idempotent_request_target=pb.IdempotentRequestTarget(
                    service_name="s.T", handler_name="H", idempotency_key="i"
                )
            ),
            "get invocation output",
            "s.T/H (i)",
            None,
        ),
        (
            pb.CompleteAwakeableCommandMessage(awakeable_id="sign_1x", value=VALUE),
            "complete awakeable",
            "sign_1x",
            Payload(b"v", PayloadRole.UNTYPED),
        ),
    ],
)
def test_a_command(command: Message, what: str, subject: str, payload: Payload | None) -> None:
    (entry,) = journal(command)
    assert (entry.what, entry.subject, entry.payload) == (what, subject, payload)


def test_results_are_with_what_they_belong_to() -> None:
    call = pb.CallCommandMessage(
        service_name="s.T",
        handler_name="H",
        invocation_id_notification_idx=1,
        result_completion_id=2,
    )
    found = journal(
        call,
        pb.RunCommandMessage(name="pay", result_completion_id=3),
        pb.GetLazyStateCommandMessage(key=b"n", result_completion_id=4),
        pb.GetPromiseCommandMessage(key="p", result_completion_id=5),
        pb.GetLazyStateKeysCommandMessage(result_completion_id=6),
        pb.SleepCommandMessage(result_completion_id=7),
        pb.RunCompletionNotificationMessage(completion_id=3, failure=FAILURE),
        pb.CallInvocationIdCompletionNotificationMessage(completion_id=1, invocation_id=OTHER),
        pb.CallCompletionNotificationMessage(completion_id=2, value=VALUE),
        pb.GetLazyStateCompletionNotificationMessage(completion_id=4, value=VALUE),
        pb.GetPromiseCompletionNotificationMessage(completion_id=5, value=VALUE),
        pb.GetLazyStateKeysCompletionNotificationMessage(
            completion_id=6, state_keys=pb.StateKeys(keys=[b"a", b"b"])
        ),
        pb.RunCompletionNotificationMessage(completion_id=99, value=VALUE),  # was left out
    )
    called, run, state, promise, keys, sleep = found
    assert called.invocation_id == OTHER
    assert called.result
    assert called.result.payload == Payload(b"v", PayloadRole.RESPONSE, "s.T", "H")
    assert called.result.index == 8
    assert run.name == "pay"
    assert run.result
    assert run.result.failure
    assert run.result.failure.message == "no"
    assert state.result
    assert state.result.payload == own(b"v", PayloadRole.STATE, "n")
    assert promise.result
    assert promise.result.payload == own(b"v", PayloadRole.PROMISE, "p")
    assert keys.result
    assert keys.result.text == "a, b"
    assert sleep.result is None
    assert sleep.awaits_result


def test_signals_have_no_command() -> None:
    awakeable, named, cancellation = journal(
        pb.SignalNotificationMessage(idx=17, value=VALUE),
        pb.SignalNotificationMessage(name="go", value=VALUE),
        pb.SignalNotificationMessage(idx=pb.CANCEL, void=pb.Void()),
    )
    assert awakeable.what == "awakeable"
    assert (named.what, named.subject) == ("signal", "go")
    assert named.result
    assert named.result.payload == own(b"v", PayloadRole.SIGNAL, "go")
    assert cancellation.what == "cancellation"


def test_failed_attempts_are_with_the_entry_that_was_the_last() -> None:
    error = {"ty": "TransientError", "error_code": 500, "error_message": "ValueError: x"}
    event = {
        "after_journal_entry_index": 1,
        "event_type": "TransientError",
        "event_json": json.dumps(error),
    }
    commands = [pb.RunCommandMessage(name=name) for name in "abc"]
    first, second, third = journal(*commands, sys_journal_events=[event])
    assert [failure.message for failure in second.failures] == ["ValueError: x"]
    assert not first.failures
    assert not third.failures


def test_an_entry_of_an_old_server_is_named() -> None:
    rows = [{"index": 0, "entry_type": "Sleep", "name": "nap", "version": 1}]
    admin = cast("AdminClient", Tables(sys_journal=rows))
    (entry,) = read_journal(admin, invocation()).entries
    assert (entry.what, entry.name, entry.payload) == ("Sleep", "nap", None)


def test_the_end_of_a_long_journal() -> None:
    tables = Tables()
    found = read_journal(cast("AdminClient", tables), invocation(journal_size=250), last=100)
    assert found.left_out == 150
    assert "index >= 150" in tables.asked[0]


def test_what_a_handler_waits_for() -> None:
    def entry(index: int, **command: Any) -> dict[str, Any]:
        return {"id": ID, "index": index, "entry_lite_json": json.dumps(command)}

    target = {"VirtualObject": {"name": "s.T", "key": "k", "handler": "H", "handler_ty": "Shared"}}
    call = {"invocation_id": OTHER, "invocation_target": target, "result_completion_id": 1}
    request = {"service_name": "s.T", "service_key": None, "service_handler": "H"}
    output = {"target": {"IdempotentRequest": request}, "completion_id": 5}
    rows = [
        entry(0, Command={"Input": {}}),
        entry(1, Command={"Call": call}),
        entry(2, Command={"Sleep": {"wake_up_time": NOON_MILLISECONDS, "completion_id": 2}}),
        entry(3, Command={"GetPromise": {"key": "p", "completion_id": 3}}),
        entry(4, Notification={"ty": {"Completion": "GetPromise"}, "id": {"CompletionId": 3}}),
        entry(
            5, Command={"AttachInvocation": {"target": {"InvocationId": OTHER}, "completion_id": 4}}
        ),
        entry(6, Command={"GetInvocationOutput": output}),
    ]
    admin = cast("AdminClient", Tables(sys_journal=rows))

    leaves = ({"CompletionId": 2}, {"SignalIndex": 17}, {"SignalIndex": 1}, {"SignalName": "go"})
    (waits,) = find_waits(admin, [invocation(awaits=leaves)]).values()
    assert [(wait.kind, wait.subject) for wait in waits] == [
        ("sleep", ""),
        ("awakeable", ""),
        ("signal", "go"),
    ]
    assert waits[0].until == NOON
    assert waits[1].awakeable_id == "sign_1SbnB83OG6eVm-IkSEsmBTqnQVrfd1aeBAAAAEQ"

    (waits,) = find_waits(admin, [invocation(status="running")]).values()
    assert [(wait.kind, wait.subject, wait.invocation_id) for wait in waits] == [
        ("call", "s.T/k/H", OTHER),
        ("sleep", "", None),
        ("attach", OTHER, OTHER),
        ("output", "s.T/H", None),
    ]
