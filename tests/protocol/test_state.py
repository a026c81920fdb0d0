"""State: read from the start message if it is there, otherwise from Restate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.protocol import AttemptEnded, Phase, Result, ResultKind
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import Case, closed, error_of, replaying, value

if TYPE_CHECKING:
    from google.protobuf.message import Message

VOID = Result(ResultKind.VOID, None)


def of(content: bytes) -> Result:
    return Result(ResultKind.VALUE, content)


def entry(key: bytes, content: bytes) -> pb.StartMessage.StateEntry:
    return pb.StartMessage.StateEntry(key=key, value=content)


def lazy(key: bytes, id_: int = 1) -> pb.GetLazyStateCommandMessage:
    return pb.GetLazyStateCommandMessage(key=key, result_completion_id=id_)


def eager(key: bytes, content: bytes | None) -> pb.GetEagerStateCommandMessage:
    if content is None:
        return pb.GetEagerStateCommandMessage(key=key, void=pb.Void())
    return pb.GetEagerStateCommandMessage(key=key, value=value(content))


def completed(id_: int, content: bytes | None) -> pb.GetLazyStateCompletionNotificationMessage:
    if content is None:
        return pb.GetLazyStateCompletionNotificationMessage(completion_id=id_, void=pb.Void())
    return pb.GetLazyStateCompletionNotificationMessage(completion_id=id_, value=value(content))


def set_(key: bytes, content: bytes) -> pb.SetStateCommandMessage:
    return pb.SetStateCommandMessage(key=key, value=value(content))


def keys_of(*keys: bytes) -> Result:
    return Result(ResultKind.STATE_KEYS, tuple(key.decode() for key in keys))


def get(case: Case, key: str) -> Result | None:
    """Read a key and wait for it where that is needed."""
    found = case.machine.commands.state.get(key)
    return case.wait(found) if isinstance(found, int) else found


def get_keys(case: Case) -> Result | None:
    found = case.machine.commands.state.keys()
    return case.wait(found) if isinstance(found, int) else found


class TestOnlyLazyState:
    def test_entry_already_completed(self) -> None:
        case = replaying(lazy(b"STATE"), completed(1, b"Francesco"))
        assert get(case, "STATE") == of(b"Francesco")
        assert case.sent() == []

    def test_entry_already_completed_empty(self) -> None:
        case = replaying(lazy(b"STATE"), completed(1, None))
        assert get(case, "STATE") == VOID

    def test_new_entry(self) -> None:
        case = Case().close_input()
        with pytest.raises(AttemptEnded):
            get(case, "STATE")
        assert case.sent()[0] == lazy(b"STATE")
        assert closed(case)

    def test_entry_not_completed_on_replay(self) -> None:
        case = replaying(lazy(b"STATE")).close_input()
        with pytest.raises(AttemptEnded):
            get(case, "STATE")
        (suspension,) = case.sent()
        assert isinstance(suspension, pb.SuspensionMessage)

    def test_entry_on_replay_completed_later(self) -> None:
        case = replaying(lazy(b"STATE")).feed(completed(1, b"Francesco"))
        assert get(case, "STATE") == of(b"Francesco")

    def test_new_entry_completed_later(self) -> None:
        case = Case()
        assert get(case, "STATE") is None
        case.feed(completed(1, b"Francesco"))
        assert case.wait(1) == of(b"Francesco")

    def test_the_state_map_of_lazy_state_is_empty_and_nothing_is_known(self) -> None:
        case = Case(partial_state=True)
        assert case.machine.commands.state.get("a") == 1
        assert case.machine.commands.state.get("a") == 2
        assert case.machine.commands.state.keys() == 3
        assert case.sent() == [
            lazy(b"a", 1),
            lazy(b"a", 2),
            pb.GetLazyStateKeysCommandMessage(result_completion_id=3),
        ]


class TestEagerState:
    def test_get_empty_with_complete_state(self) -> None:
        case = Case(partial_state=False)
        assert get(case, "STATE") == VOID
        assert case.sent() == [eager(b"STATE", None)]

    def test_get_empty_with_partial_state(self) -> None:
        case = Case(partial_state=True).close_input()
        with pytest.raises(AttemptEnded):
            get(case, "STATE")
        assert case.sent()[0] == lazy(b"STATE")

    def test_get_empty_resume_with_partial_state(self) -> None:
        case = replaying(lazy(b"STATE"), completed(1, None), partial_state=True)
        assert get(case, "STATE") == VOID

    def test_get_with_complete_state(self) -> None:
        case = Case(partial_state=False, state_map=[entry(b"STATE", b"Francesco")])
        assert get(case, "STATE") == of(b"Francesco")
        assert case.sent() == [eager(b"STATE", b"Francesco")]

    def test_get_with_partial_state(self) -> None:
        case = Case(partial_state=True, state_map=[entry(b"STATE", b"Francesco")])
        assert get(case, "STATE") == of(b"Francesco")
        assert case.sent() == [eager(b"STATE", b"Francesco")]

    def test_get_with_partial_state_without_the_state_entry(self) -> None:
        case = Case(partial_state=True, state_map=[entry(b"OTHER", b"x")]).close_input()
        with pytest.raises(AttemptEnded):
            get(case, "STATE")
        assert case.sent()[0] == lazy(b"STATE")

    def test_an_empty_value_is_a_value(self) -> None:
        case = Case(partial_state=False, state_map=[entry(b"STATE", b"")])
        assert get(case, "STATE") == of(b"")
        assert case.sent() == [eager(b"STATE", b"")]

    @pytest.mark.parametrize("partial", [False, True])
    def test_append_with_state_in_the_state_map(self, partial: bool) -> None:
        case = Case(partial_state=partial, state_map=[entry(b"STATE", b"Till")])
        assert get(case, "STATE") == of(b"Till")
        case.machine.commands.state.set("STATE", b"TillFrancesco")
        assert get(case, "STATE") == of(b"TillFrancesco")
        assert case.sent() == [
            eager(b"STATE", b"Till"),
            set_(b"STATE", b"TillFrancesco"),
            eager(b"STATE", b"TillFrancesco"),
        ]

    def test_append_with_partial_state_on_the_first_get(self) -> None:
        case = Case(partial_state=True).feed(completed(1, b"Till"))
        assert get(case, "STATE") == of(b"Till")
        case.machine.commands.state.set("STATE", b"TillFrancesco")
        assert get(case, "STATE") == of(b"TillFrancesco")
        assert case.sent() == [
            lazy(b"STATE"),
            set_(b"STATE", b"TillFrancesco"),
            eager(b"STATE", b"TillFrancesco"),
        ]

    def test_get_and_clear_state_with_state_in_the_state_map(self) -> None:
        case = Case(partial_state=True, state_map=[entry(b"STATE", b"Francesco")])
        assert get(case, "STATE") == of(b"Francesco")
        case.machine.commands.state.clear("STATE")
        assert get(case, "STATE") == VOID
        assert case.sent() == [
            eager(b"STATE", b"Francesco"),
            pb.ClearStateCommandMessage(key=b"STATE"),
            eager(b"STATE", None),
        ]

    def test_get_and_clear_state_with_partial_state_on_the_first_get(self) -> None:
        case = Case(partial_state=True).feed(completed(1, b"Francesco"))
        assert get(case, "STATE") == of(b"Francesco")
        case.machine.commands.state.clear("STATE")
        assert get(case, "STATE") == VOID
        assert case.sent()[2] == eager(b"STATE", None)

    @pytest.mark.parametrize("partial", [False, True])
    def test_clear_all_makes_the_state_complete(self, partial: bool) -> None:
        case = Case(partial_state=partial, state_map=[entry(b"A", b"1"), entry(b"B", b"2")])
        assert get(case, "A") == of(b"1")
        case.machine.commands.state.clear_all()
        assert get(case, "A") == VOID
        assert get(case, "UNHEARD OF") == VOID
        case.machine.commands.state.set("C", b"3")
        assert get_keys(case) == keys_of(b"C")
        assert case.sent() == [
            eager(b"A", b"1"),
            pb.ClearAllStateCommandMessage(),
            eager(b"A", None),
            eager(b"UNHEARD OF", None),
            set_(b"C", b"3"),
            pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(keys=[b"C"])),
        ]

    def test_consecutive_get_with_empty(self) -> None:
        case = Case(partial_state=False)
        assert get(case, "key-0") == VOID
        assert get(case, "key-0") == VOID
        assert case.sent() == [eager(b"key-0", None)] * 2

    def test_consecutive_get_with_empty_run_with_replay_of_the_first_get(self) -> None:
        case = replaying(eager(b"key-0", None), partial_state=False)
        assert get(case, "key-0") == VOID
        assert case.machine.journal.phase is Phase.PROCESSING
        assert get(case, "key-0") == VOID
        assert case.sent() == [eager(b"key-0", None)]

    def test_an_eager_read_takes_no_completion_id(self) -> None:
        case = Case(partial_state=True, state_map=[entry(b"A", b"1")])
        assert get(case, "A") == of(b"1")
        assert case.machine.commands.state.get("B") == 1


class TestReplay:
    def test_a_recorded_eager_read_gives_what_was_read_then(self) -> None:
        case = replaying(
            eager(b"A", b"then"),
            set_(b"A", b"later"),
            partial_state=False,
            state_map=[entry(b"A", b"later")],
        )
        assert get(case, "A") == of(b"then")
        case.machine.commands.state.set("A", b"later")
        assert get(case, "A") == of(b"later")
        assert case.sent() == [eager(b"A", b"later")]

    def test_what_was_read_lazily_then_is_read_lazily_though_the_state_is_here_now(self) -> None:
        case = replaying(
            lazy(b"A"),
            completed(1, b"then"),
            pb.GetLazyStateKeysCommandMessage(result_completion_id=2),
            partial_state=False,
            state_map=[entry(b"A", b"now")],
        )
        assert get(case, "A") == of(b"then")
        assert case.machine.commands.state.keys() == 2
        assert case.sent() == []

    def test_what_was_read_eagerly_then_is_known_though_the_state_is_lazy_now(self) -> None:
        case = replaying(
            eager(b"A", b"then"),
            pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(keys=[b"A"])),
            partial_state=True,
        )
        assert get(case, "A") == of(b"then")
        assert get_keys(case) == keys_of(b"A")
        assert case.machine.commands.state.get("A") == 1

    def test_writes_of_the_replay_are_known_after_it(self) -> None:
        # The state map is the state now; clears and writes of the journal are in it already.
        case = replaying(
            set_(b"A", b"1"),
            pb.ClearStateCommandMessage(key=b"B"),
            partial_state=True,
            state_map=[entry(b"A", b"1")],
        )
        case.machine.commands.state.set("A", b"1")
        case.machine.commands.state.clear("B")
        assert get(case, "A") == of(b"1")
        assert get(case, "B") == VOID

    @pytest.mark.parametrize(
        "recorded",
        [
            pb.GetEagerStateCommandMessage(key=b"A"),
            pb.GetEagerStateKeysCommandMessage(),
        ],
    )
    def test_an_eager_read_without_a_result_is_a_violation(self, recorded: Message) -> None:
        case = replaying(recorded)
        read = get if isinstance(recorded, pb.GetEagerStateCommandMessage) else None
        with pytest.raises(AttemptEnded):
            _ = read(case, "A") if read else get_keys(case)
        error = error_of(case)
        assert error.code == 571
        assert "command 1 has no result" in error.message


class TestStateKeys:
    def test_entry_already_completed(self) -> None:
        case = replaying(
            pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(keys=[b"ANOTHER", b"MY"]))
        )
        assert get_keys(case) == keys_of(b"ANOTHER", b"MY")
        assert case.sent() == []

    def test_new_entry(self) -> None:
        case = Case().close_input()
        with pytest.raises(AttemptEnded):
            get_keys(case)
        assert case.sent()[0] == pb.GetLazyStateKeysCommandMessage(result_completion_id=1)

    @pytest.mark.parametrize("recorded", [False, True])
    def test_completed_later(self, recorded: bool) -> None:
        entries = [pb.GetLazyStateKeysCommandMessage(result_completion_id=1)] if recorded else []
        case = Case(*entries).feed(
            pb.GetLazyStateKeysCompletionNotificationMessage(
                completion_id=1, state_keys=pb.StateKeys(keys=[b"MY", b"ANOTHER"])
            )
        )
        assert get_keys(case) == keys_of(b"MY", b"ANOTHER")  # in Restate's order

    def test_new_entry_completed_with_eager_state(self) -> None:
        case = Case(partial_state=False, state_map=[entry(b"MY", b"1"), entry(b"ANOTHER", b"2")])
        assert get_keys(case) == keys_of(b"ANOTHER", b"MY")  # sorted
        assert case.sent() == [
            pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(keys=[b"ANOTHER", b"MY"]))
        ]

    def test_partial_state_knows_no_keys(self) -> None:
        case = Case(partial_state=True, state_map=[entry(b"MY", b"1")])
        case.machine.commands.state.set("B", b"2")
        assert case.machine.commands.state.keys() == 1

    def test_cleared_keys_are_gone(self) -> None:
        case = Case(partial_state=False, state_map=[entry(b"A", b"1"), entry(b"B", b"2")])
        case.machine.commands.state.clear("A")
        case.machine.commands.state.clear("NEVER THERE")
        case.machine.commands.state.set("C", b"3")
        assert get_keys(case) == keys_of(b"B", b"C")

    def test_keys_are_sorted_by_their_bytes(self) -> None:
        case = Case(partial_state=False)
        for key in ("z", "é", "a", "\N{GRINNING FACE}", "\uffff"):
            case.machine.commands.state.set(key, b"")
        assert get_keys(case) == Result(
            ResultKind.STATE_KEYS, ("a", "z", "é", "\uffff", "\N{GRINNING FACE}")
        )


@pytest.mark.parametrize("key", ["", "é", "\0", "k" * 10_000])
def test_any_text_is_a_key(key: str) -> None:
    case = Case(partial_state=False)
    case.machine.commands.state.set(key, b"1")
    assert get(case, key) == of(b"1")
    written = case.sent()
    assert written == [set_(key.encode(), b"1"), eager(key.encode(), b"1")]
    again: list[Any] = list(written)
    replay = replaying(*again, partial_state=False)
    replay.machine.commands.state.set(key, b"1")
    assert get(replay, key) == of(b"1")
    assert replay.sent() == []


def test_a_key_that_is_no_utf_8_does_no_harm() -> None:
    case = Case(partial_state=False, state_map=[entry(b"\xff", b"1"), entry(b"a", b"2")])
    assert get(case, "a") == of(b"2")
    assert get_keys(case) == Result(ResultKind.STATE_KEYS, ("a", "\ufffd"))


class TestNamedCommands:
    def test_state_commands_carry_the_given_name(self) -> None:
        case = Case(partial_state=True)
        state = case.machine.commands.state
        state.get("A", "get-a")
        state.set("A", b"x", "set-a")
        state.clear("A", "clear-a")
        state.clear_all("clear-all")
        state.keys("keys")
        assert case.sent() == [
            pb.GetLazyStateCommandMessage(key=b"A", result_completion_id=1, name="get-a"),
            pb.SetStateCommandMessage(key=b"A", value=value(b"x"), name="set-a"),
            pb.ClearStateCommandMessage(key=b"A", name="clear-a"),
            pb.ClearAllStateCommandMessage(name="clear-all"),
            # After that the keys are known: there are none.
            pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(), name="keys"),
        ]

    def test_replay_matches_the_name(self) -> None:
        recorded = pb.SetStateCommandMessage(key=b"A", value=value(b"x"), name="set-a")
        case = replaying(recorded)
        case.machine.commands.state.set("A", b"x", "set-a")
        case.machine.journal.end()
        assert case.sent() == [pb.EndMessage()]
        case = replaying(recorded)
        with pytest.raises(AttemptEnded, match="name: 'other' in the code, 'set-a' in the journal"):
            case.machine.commands.state.set("A", b"x", "other")
