"""A journal that differs from the code: error 570, with what was expected and found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.descriptor import FieldDescriptor

from restate_proto.model.target import Target
from restate_proto.protocol import (
    MAX_VERSION,
    AttemptEnded,
    AttemptError,
    Await,
    ErrorBehavior,
    Phase,
    StateMachine,
)
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import (
    ALL_VERSIONS,
    CANCEL,
    TYPES,
    Cancelled,
    error_of,
    raw,
    replaying,
    signal,
    stream,
    value,
    void,
)
from tests.protocol.commands import COMMANDS, Command, each_command

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

each_version = pytest.mark.parametrize("version", ALL_VERSIONS)

# Points in time: another attempt has another clock.
MAY_DIFFER = {
    (pb.SleepCommandMessage, "wake_up_time"),
    (pb.OneWayCallCommandMessage, "invoke_time"),
}
# What the journal answers, where the code only asks.
ANSWERS = {
    (pb.GetEagerStateCommandMessage, "value"),
    (pb.GetEagerStateCommandMessage, "void"),
    (pb.GetEagerStateKeysCommandMessage, "value"),
}
NAMES: dict[type[Message], str] = {
    pb.SleepCommandMessage: "expiry",
    pb.CallCommandMessage: "add",
    pb.OneWayCallCommandMessage: "later",
    pb.RunCommandMessage: "quote",
}


def change(message: Message, field: Any) -> None:
    """Return the command with another value of a field."""
    name = field.name
    present = getattr(message, name)
    if hasattr(present, "add"):
        present.add()
    elif hasattr(present, "append"):
        present.append(b"other")
    elif field.message_type is not None:
        if not message.HasField(name):
            present.SetInParent()
        elif field.message_type.fields:
            change(present, field.message_type.fields[0])
        else:
            message.ClearField(name)
    elif field.type == FieldDescriptor.TYPE_STRING:
        setattr(message, name, f"{present}!")
    elif field.type == FieldDescriptor.TYPE_BYTES:
        setattr(message, name, present + b"!")
    else:
        setattr(message, name, present + 1)


def changed(command: Command, field: str) -> Message:
    recorded = type(command.message)()
    recorded.CopyFrom(command.message)
    change(recorded, recorded.DESCRIPTOR.fields_by_name[field])
    return recorded


DIFFERENCES = [
    pytest.param(command, field.name, id=f"{title}: {field.name}")
    for title, command in COMMANDS.items()
    for field in command.message.DESCRIPTOR.fields
    if (type(command.message), field.name) not in MAY_DIFFER | ANSWERS
]


@pytest.mark.parametrize(("command", "field"), DIFFERENCES)
def test_each_field_of_each_command_is_held_against_the_journal(
    command: Command, field: str
) -> None:
    case = replaying(changed(command, field), version=MAX_VERSION, **command.fields)
    with pytest.raises(AttemptEnded, match="Journal mismatch"):
        command.issue(case.machine)
    error = error_of(case)
    assert error.code == 570
    assert error.message.startswith("Journal mismatch at command 1: '")
    assert f"; {field}: " in error.message.replace(" differs: ", "; ")
    assert " in the code, " in error.message
    assert "not deterministic" in error.message
    assert error.related_command_index == 1
    assert error.related_command_type == TYPES[type(command.message)]
    assert error.related_command_name in {"", "n", NAMES.get(type(command.message))}
    assert not error.HasField("next_retry_delay")


@each_command
def test_points_in_time_may_differ(command: Command) -> None:
    for class_, name in MAY_DIFFER:
        if isinstance(command.message, class_):
            case = replaying(changed(command, name), version=MAX_VERSION)
            command.issue(case.machine)
            assert case.machine.journal.error is None
            assert case.sent() == []


def kind(command: Command) -> str:
    """Return the command's kind; eager and lazy reads have the same one."""
    return type(command.message).__name__.replace("Eager", "Lazy")


@each_command
def test_another_command_than_recorded(command: Command) -> None:
    for found in COMMANDS.values():
        if kind(found) == kind(command):
            continue
        case = replaying(found.message, version=MAX_VERSION, **command.fields)
        with pytest.raises(AttemptEnded, match="Journal mismatch"):
            command.issue(case.machine)
        error = error_of(case)
        assert error.code == 570
        assert error.message.startswith("Journal mismatch at command 1: '")
        assert "' in the code, '" in error.message
        assert error.related_command_index == 1


TARGET = Target("Greeter", "greet", "bob")

# What was recorded, what the code does, and the text of the error up to its hint.
TEXTS: dict[str, tuple[Message, Callable[[StateMachine], object], str]] = {
    "another command": (
        pb.SleepCommandMessage(result_completion_id=1, name="expiry"),
        lambda m: m.commands.call(TARGET, b""),
        "'call Greeter/bob/greet' in the code, 'sleep expiry' in the journal",
    ),
    "another state key": (
        pb.GetLazyStateCommandMessage(key=b"my-key", result_completion_id=1),
        lambda m: m.commands.state.get("another-key"),
        "'get state another-key' differs: key: b'another-key' in the code, b'my-key' in the journal",
    ),
    "another state key, eager": (
        pb.GetEagerStateCommandMessage(key=b"my-key", value=value(b"1")),
        lambda m: m.commands.state.get("another-key"),
        "'get state another-key' differs: key: b'another-key' in the code, b'my-key' in the journal",
    ),
    "another value": (
        pb.SetStateCommandMessage(key=b"my-key", value=value(b"my-value")),
        lambda m: m.commands.state.set("my-key", b"another-value"),
        (
            "'set state my-key' differs: value: content: \"another-value\" in the code, "
            'content: "my-value" in the journal'
        ),
    ),
    "another parameter and handler": (
        pb.OneWayCallCommandMessage(
            service_name="Greeter",
            handler_name="wave",
            key="bob",
            parameter=b"123",
            invocation_id_notification_idx=1,
        ),
        lambda m: m.commands.send(TARGET, b"456"),
        (
            "'send Greeter/bob/greet' differs: handler_name: 'greet' in the code, 'wave' in the journal; "
            "parameter: b'456' in the code, b'123' in the journal"
        ),
    ),
    "a key, where there was none": (
        pb.CallCommandMessage(
            service_name="Greeter",
            handler_name="greet",
            key="bob",
            invocation_id_notification_idx=1,
            result_completion_id=2,
        ),
        lambda m: m.commands.call(TARGET, b"", idempotency_key="k"),
        "'call Greeter/bob/greet' differs: idempotency_key: 'k' in the code, (none) in the journal",
    ),
    "a failure instead of a value": (
        pb.OutputCommandMessage(failure=pb.Failure(code=500, message="boom")),
        lambda m: m.commands.write_output(b""),
        (
            "'the handler's return' differs: value: (empty) in the code, (none) in the journal; "
            'failure: (none) in the code, code: 500 message: "boom" in the journal'
        ),
    ),
    "a signal of another name": (
        pb.SendSignalCommandMessage(target_invocation_id="inv_1", name="b", value=value(b"")),
        lambda m: m.commands.send_signal("inv_1", "a", b""),
        "'send signal a' differs: name: 'a' in the code, 'b' in the journal",
    ),
}


@pytest.mark.parametrize(("recorded", "do", "text"), TEXTS.values(), ids=TEXTS.keys())
def test_the_text_of_a_mismatch(
    recorded: Message, do: Callable[[StateMachine], object], text: str
) -> None:
    case = replaying(recorded)
    with pytest.raises(AttemptEnded):
        do(case.machine)
    error = error_of(case)
    assert error.message.startswith(f"Journal mismatch at command 1: {text}. The code took another")


def test_long_values_are_shown_where_they_part() -> None:
    case = replaying(pb.SetStateCommandMessage(key=b"k", value=value(b"x" * 5_000 + b"THEN")))
    with pytest.raises(AttemptEnded):
        case.machine.commands.state.set("k", b"x" * 5_000 + b"NOW" + b"y" * 5_000)
    text = error_of(case).message
    assert "NOW" in text
    assert "THEN" in text
    assert len(text) < 1_000


def test_a_long_name_does_not_make_a_long_text() -> None:
    case = replaying(pb.ClearStateCommandMessage(key=b"k" * 100_000))
    with pytest.raises(AttemptEnded):
        case.machine.commands.run("r" * 100_000)
    assert len(error_of(case).message) < 1_000


def test_the_index_counts_commands() -> None:
    case = replaying(
        pb.SleepCommandMessage(result_completion_id=1),
        void(1),
        pb.ClearStateCommandMessage(key=b"a"),
        signal(17),
        pb.ClearStateCommandMessage(key=b"b"),
        pb.ClearStateCommandMessage(key=b"c"),
    )
    case.machine.commands.sleep(1)
    case.machine.commands.state.clear("a")
    with pytest.raises(AttemptEnded):
        case.machine.commands.state.clear("x")
    error = error_of(case)
    assert "at command 3: " in error.message
    assert error.related_command_index == 3


def test_a_mismatch_names_the_command_that_the_code_does() -> None:
    case = replaying(pb.ClearStateCommandMessage(key=b"a"))
    with pytest.raises(AttemptEnded):
        case.machine.commands.run("quote")
    error = error_of(case)
    assert error.related_command_index == 1
    assert error.related_command_name == "quote"
    assert error.related_command_type == 0x0411


@each_command
def test_a_recorded_command_that_cannot_be_decoded_is_a_violation(command: Command) -> None:
    case = replaying(
        raw(TYPES[type(command.message)], b"\xff\xff"), version=MAX_VERSION, **command.fields
    )
    with pytest.raises(AttemptEnded):
        command.issue(case.machine)
    error = error_of(case)
    assert error.code == 571
    assert "the journal's command 1 is undecodable" in error.message
    assert error.related_command_index == 1


def test_a_machine_that_failed_stays_failed() -> None:
    case = replaying(pb.ClearStateCommandMessage(key=b"a"), pb.ClearStateCommandMessage(key=b"b"))
    with pytest.raises(AttemptEnded):
        case.machine.commands.state.clear("x")
    first = case.machine.journal.error
    assert first is not None
    for command in COMMANDS.values():
        with pytest.raises(AttemptEnded, match="command 1"):
            command.issue(case.machine)
    case.feed(CANCEL, b"\xff" * 20).close_input()
    case.machine.journal.end()
    assert case.machine.journal.error is first
    assert case.machine.journal.phase is Phase.CLOSED
    assert error_of(case).code == 570


def test_cancelling_is_replayed_too() -> None:
    # The code made no call then, so nothing but the handler's own commands is expected.
    case = replaying(CANCEL, pb.ClearStateCommandMessage(key=b"undo"))
    with pytest.raises(Cancelled):
        case.wait(99)
    case.machine.commands.state.clear("undo")
    assert case.sent() == []


def test_a_mismatch_while_calls_are_cancelled() -> None:
    call = pb.CallCommandMessage(
        service_name="Greeter",
        handler_name="greet",
        key="bob",
        invocation_id_notification_idx=1,
        result_completion_id=2,
    )
    id_ = pb.CallInvocationIdCompletionNotificationMessage(completion_id=1, invocation_id="inv_1")
    case = replaying(call, id_, CANCEL, pb.ClearStateCommandMessage(key=b"undo"))
    case.machine.commands.call(TARGET, b"")
    with pytest.raises(AttemptEnded):
        case.wait(2)
    assert "'send signal inv_1' in the code, " in error_of(case).message


# ---- What Restate is to do ----

MISMATCHES: dict[str, Callable[[StateMachine], object]] = {
    "another command": lambda m: m.commands.run("quote"),
    "another name": lambda m: m.commands.sleep(1, "another"),
    "the end": lambda m: m.journal.end(),
    "a wait": lambda m: m.waiting.park(Await(ids=[1]), executing=False),
}


@each_version
@pytest.mark.parametrize("behavior", ErrorBehavior, ids=lambda it: it.name)
@pytest.mark.parametrize("mismatch", MISMATCHES.values(), ids=MISMATCHES.keys())
def test_restate_is_told_what_to_do(
    version: int, behavior: ErrorBehavior, mismatch: Callable[[StateMachine], object]
) -> None:
    machine = StateMachine(version, on_mismatch=behavior)
    sleep = pb.SleepCommandMessage(result_completion_id=1, name="nap")
    machine.feed(stream(pb.InputCommandMessage(), sleep))
    machine.read_input()
    with pytest.raises(AttemptEnded, match="Journal mismatch"):
        mismatch(machine)
    error = error_of(machine)
    assert error.code == 570
    assert error.behavior == (behavior if version >= 7 else pb.RETRY)


def test_other_errors_are_retried() -> None:
    machine = StateMachine(7, on_mismatch=ErrorBehavior.FAIL)
    machine.feed(stream(pb.InputCommandMessage()))
    machine.read_input()
    machine.journal.fail_with(AttemptError(570, "a handler's own error with this code"))
    assert error_of(machine).behavior == pb.RETRY
