"""Every command: its exact bytes, and that its replay writes nothing."""

from __future__ import annotations

import pytest

from restate_proto.protocol import MAX_VERSION, Phase
from restate_proto.protocol.messages import COMMANDS as KNOWN
from restate_proto.protocol.messages import (
    FIRST_COMMAND,
    FIRST_CUSTOM,
    FIRST_NOTIFICATION,
    MessageType,
)
from tests.protocol.case import ALL_VERSIONS, TYPES, Case, read_messages
from tests.protocol.commands import COMMANDS, Command, each_command

in_each_version = pytest.mark.parametrize(
    ("command", "version"),
    [
        pytest.param(command, version, id=f"{version}-{name}")
        for version in ALL_VERSIONS
        for name, command in COMMANDS.items()
        if version >= command.version
    ],
)


@in_each_version
def test_a_new_command_is_exactly_these_bytes(command: Command, version: int) -> None:
    case = Case(version=version, **command.fields)
    command.issue(case.machine)
    written = case.machine.journal.take_output()
    assert written.hex() == command.golden.replace(" ", "")
    assert read_messages(written) == [command.message]


@in_each_version
def test_a_replayed_command_writes_nothing(command: Command, version: int) -> None:
    case = Case(bytes.fromhex(command.golden), version=version, **command.fields)
    assert case.machine.journal.phase is Phase.REPLAYING
    command.issue(case.machine)
    assert case.machine.journal.phase is Phase.PROCESSING
    assert case.machine.journal.take_output() == b""
    assert case.machine.journal.error is None


@each_command
def test_ids_go_on_after_a_replay_as_they_did_before(command: Command) -> None:
    fresh = Case(version=MAX_VERSION, **command.fields)
    replayed = Case(command.message, version=MAX_VERSION, **command.fields)
    results = [
        (
            command.issue(case.machine),
            case.machine.commands.sleep(1),
            case.machine.commands.awakeable(),
        )
        for case in (fresh, replayed)
    ]
    assert results[0] == results[1]


def test_every_command_of_the_specification_is_covered() -> None:
    ours = {type(command.message) for command in COMMANDS.values()}
    commands = {class_ for class_, type_ in TYPES.items() if 0x0400 <= type_ < 0x8000}
    assert {class_.__name__ for class_ in commands - ours} == {"InputCommandMessage"}
    assert {KNOWN[TYPES[class_]][0] for class_ in commands} == commands
    assert len(KNOWN) == len(commands)


def test_the_type_numbers_are_the_specification_s() -> None:
    ours = {name: number for name, number in vars(MessageType).items() if name.isupper()}
    assert len(ours) > 20
    assert set(ours.values()) <= set(TYPES.values())
    for class_, type_ in TYPES.items():
        is_command = FIRST_COMMAND <= type_ < FIRST_NOTIFICATION
        assert is_command == class_.__name__.endswith("CommandMessage")
        is_notification = FIRST_NOTIFICATION <= type_ < FIRST_CUSTOM
        assert is_notification == ("Notification" in class_.__name__)


def test_a_replayed_command_may_be_encoded_in_another_way() -> None:
    # The fields of a sleep in another order, as another library may write them.
    other_order = bytes.fromhex("040c000000000004 5801 0801".replace(" ", ""))
    case = Case(other_order)
    assert case.machine.commands.sleep(1) == 1
    assert case.machine.journal.error is None


def test_a_replayed_command_may_have_fields_of_a_newer_protocol() -> None:
    newer = bytes.fromhex("040c000000000008 0801 5801 d2060161".replace(" ", ""))  # field 106: "a"
    case = Case(newer)
    assert case.machine.commands.sleep(1) == 1
    assert case.machine.journal.error is None
