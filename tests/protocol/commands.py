"""Every command: the call that issues it, and its bytes as a handler's first command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from restate_proto.model.target import Target
from restate_proto.protocol import Failure, InvocationTarget, StateMachine
from restatepb.protocol.v1 import protocol_pb2 as pb
from tests.protocol.case import value

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

__all__ = ["COMMANDS", "Command", "each_command"]


@dataclass(frozen=True)
class Command:
    """A command.

    Args:
        issue: what the handler does.
        message: the command that it writes.
        golden: that command on the wire, header and payload in hex.
        version: the protocol version that it needs.
        state: the start message's fields that it needs.
    """

    issue: Callable[[StateMachine], object]
    message: Message
    golden: str
    version: int = 5
    state: dict[str, Any] | None = None

    @property
    def fields(self) -> dict[str, Any]:
        return self.state or {}


_CART = Target("shop.v1.Cart", "AddTicket", "alice")
_SCOPED = Target("shop.v1.Cart", "AddTicket", "alice", "tenant")
_HEADERS = (("x-a", "1"), ("x-b", "2"))
_FAILURE = Failure(409, "sold out")
_FULL_STATE = {
    "partial_state": False,
    "state_map": [
        pb.StartMessage.StateEntry(key=b"b", value=b"2"),
        pb.StartMessage.StateEntry(key=b"a", value=b""),
    ],
}

COMMANDS: dict[str, Command] = {
    "output": Command(
        lambda m: m.commands.write_output(b"done"),
        pb.OutputCommandMessage(value=value(b"done")),
        "0401000000000008 72060a04646f6e65",
    ),
    "output of nothing": Command(
        lambda m: m.commands.write_output(b""),
        pb.OutputCommandMessage(value=value(b"")),
        "0401000000000002 7200",
    ),
    "output of a failure": Command(
        lambda m: m.commands.write_output(_FAILURE),
        pb.OutputCommandMessage(failure=pb.Failure(code=409, message="sold out")),
        "040100000000000f 7a0d0899031208736f6c64206f7574",
    ),
    "get state": Command(
        lambda m: m.commands.state.get("tickets"),
        pb.GetLazyStateCommandMessage(key=b"tickets", result_completion_id=1),
        "040200000000000b 0a077469636b6574735801",
    ),
    "get state that is there": Command(
        lambda m: m.commands.state.get("b"),
        pb.GetEagerStateCommandMessage(key=b"b", value=value(b"2")),
        "0407000000000008 0a016272030a0132",
        state=_FULL_STATE,
    ),
    "get state that is empty": Command(
        lambda m: m.commands.state.get("a"),
        pb.GetEagerStateCommandMessage(key=b"a", value=value(b"")),
        "0407000000000005 0a01617200",
        state=_FULL_STATE,
    ),
    "get state that is not there": Command(
        lambda m: m.commands.state.get("c"),
        pb.GetEagerStateCommandMessage(key=b"c", void=pb.Void()),
        "0407000000000005 0a01636a00",
        state=_FULL_STATE,
    ),
    "get state keys": Command(
        lambda m: m.commands.state.keys(),
        pb.GetLazyStateKeysCommandMessage(result_completion_id=1),
        "0406000000000002 5801",
    ),
    "get state keys that are there": Command(
        lambda m: m.commands.state.keys(),
        pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys(keys=[b"a", b"b"])),
        "0408000000000008 72060a01610a0162",
        state=_FULL_STATE,
    ),
    "get state keys of no state": Command(
        lambda m: m.commands.state.keys(),
        pb.GetEagerStateKeysCommandMessage(value=pb.StateKeys()),
        "0408000000000002 7200",
        state={"partial_state": False},
    ),
    "set state": Command(
        lambda m: m.commands.state.set("tickets", b"\x08\x01"),
        pb.SetStateCommandMessage(key=b"tickets", value=value(b"\x08\x01")),
        "040300000000000f 0a077469636b6574731a040a020801",
    ),
    "set state to nothing": Command(
        lambda m: m.commands.state.set("tickets", b""),
        pb.SetStateCommandMessage(key=b"tickets", value=value(b"")),
        "040300000000000b 0a077469636b6574731a00",
    ),
    "clear state": Command(
        lambda m: m.commands.state.clear("tickets"),
        pb.ClearStateCommandMessage(key=b"tickets"),
        "0404000000000009 0a077469636b657473",
    ),
    "clear all state": Command(
        lambda m: m.commands.state.clear_all(),
        pb.ClearAllStateCommandMessage(),
        "0405000000000000",
    ),
    "get promise": Command(
        lambda m: m.commands.get_promise("email"),
        pb.GetPromiseCommandMessage(key="email", result_completion_id=1),
        "0409000000000009 0a05656d61696c5801",
    ),
    "peek promise": Command(
        lambda m: m.commands.peek_promise("email"),
        pb.PeekPromiseCommandMessage(key="email", result_completion_id=1),
        "040a000000000009 0a05656d61696c5801",
    ),
    "resolve promise": Command(
        lambda m: m.commands.complete_promise("email", b"ok"),
        pb.CompletePromiseCommandMessage(
            key="email", completion_value=value(b"ok"), result_completion_id=1
        ),
        "040b00000000000f 0a05656d61696c12040a026f6b5801",
    ),
    "reject promise": Command(
        lambda m: m.commands.complete_promise("email", _FAILURE),
        pb.CompletePromiseCommandMessage(
            key="email",
            completion_failure=pb.Failure(code=409, message="sold out"),
            result_completion_id=1,
        ),
        "040b000000000018 0a05656d61696c1a0d0899031208736f6c64206f75745801",
    ),
    "sleep": Command(
        lambda m: m.commands.sleep(1_721_123_699_086, "expiry"),
        pb.SleepCommandMessage(
            wake_up_time=1_721_123_699_086, result_completion_id=1, name="expiry"
        ),
        "040c000000000011 088ef3ddd78b3258016206657870697279",
    ),
    "call": Command(
        lambda m: m.commands.call(_CART, b"\x0a\x01t", _HEADERS, "abc123", name="add"),
        pb.CallCommandMessage(
            service_name="shop.v1.Cart",
            handler_name="AddTicket",
            parameter=b"\x0a\x01t",
            headers=[pb.Header(key="x-a", value="1"), pb.Header(key="x-b", value="2")],
            key="alice",
            idempotency_key="abc123",
            invocation_id_notification_idx=1,
            result_completion_id=2,
            name="add",
        ),
        "040d00000000004a "
        "0a0c73686f702e76312e4361727412094164645469636b65741a030a017422080a03782d"
        "6112013122080a03782d621201322a05616c696365320661626331323350015802620361"
        "6464",
    ),
    "call of a service": Command(
        lambda m: m.commands.call(Target("Greeter", "greet"), b""),
        pb.CallCommandMessage(
            service_name="Greeter",
            handler_name="greet",
            invocation_id_notification_idx=1,
            result_completion_id=2,
        ),
        "040d000000000014 0a07477265657465721205677265657450015802",
    ),
    "call in a scope": Command(
        lambda m: m.commands.call(_SCOPED, b"", limit_key="user"),
        pb.CallCommandMessage(
            service_name="shop.v1.Cart",
            handler_name="AddTicket",
            key="alice",
            scope="tenant",
            limit_key="user",
            invocation_id_notification_idx=1,
            result_completion_id=2,
        ),
        "040d000000000032 "
        "0a0c73686f702e76312e4361727412094164645469636b65742a05616c6963653a067465"
        "6e616e7442047573657250015802",
        version=7,
    ),
    "send": Command(
        lambda m: m.commands.send(
            _CART, b"\x0a\x01t", _HEADERS, "abc123", None, 1_721_123_699_086, "later"
        ),
        pb.OneWayCallCommandMessage(
            service_name="shop.v1.Cart",
            handler_name="AddTicket",
            parameter=b"\x0a\x01t",
            invoke_time=1_721_123_699_086,
            headers=[pb.Header(key="x-a", value="1"), pb.Header(key="x-b", value="2")],
            key="alice",
            idempotency_key="abc123",
            invocation_id_notification_idx=1,
            name="later",
        ),
        "040e000000000051 "
        "0a0c73686f702e76312e4361727412094164645469636b65741a030a0174208ef3ddd78b"
        "322a080a03782d611201312a080a03782d621201323205616c6963653a06616263313233"
        "500162056c61746572",
    ),
    "send in a scope": Command(
        lambda m: m.commands.send(_SCOPED, b"", limit_key="user"),
        pb.OneWayCallCommandMessage(
            service_name="shop.v1.Cart",
            handler_name="AddTicket",
            key="alice",
            scope="tenant",
            limit_key="user",
            invocation_id_notification_idx=1,
        ),
        "040e000000000030 "
        "0a0c73686f702e76312e4361727412094164645469636b65743205616c69636542067465"
        "6e616e744a04757365725001",
        version=7,
    ),
    "send signal": Command(
        lambda m: m.commands.send_signal("inv_other", "approved", b"yes"),
        pb.SendSignalCommandMessage(
            target_invocation_id="inv_other", name="approved", value=value(b"yes")
        ),
        "041000000000001c 0a09696e765f6f746865721a08617070726f7665642a050a03796573",
    ),
    "send signal of a failure": Command(
        lambda m: m.commands.send_signal("inv_other", "approved", _FAILURE),
        pb.SendSignalCommandMessage(
            target_invocation_id="inv_other",
            name="approved",
            failure=pb.Failure(code=409, message="sold out"),
        ),
        "0410000000000024 0a09696e765f6f746865721a08617070726f766564320d0899031208736f6c64206f7574",
    ),
    "cancel invocation": Command(
        lambda m: m.commands.cancel_invocation("inv_other"),
        pb.SendSignalCommandMessage(target_invocation_id="inv_other", idx=1, void=pb.Void()),
        "041000000000000f 0a09696e765f6f7468657210012200",
    ),
    "run": Command(
        lambda m: m.commands.run("quote"),
        pb.RunCommandMessage(result_completion_id=1, name="quote"),
        "0411000000000009 5801620571756f7465",
    ),
    "attach": Command(
        lambda m: m.commands.attach(InvocationTarget("inv_other")),
        pb.AttachInvocationCommandMessage(invocation_id="inv_other", result_completion_id=1),
        "041200000000000d 0a09696e765f6f746865725801",
    ),
    "attach to a workflow": Command(
        lambda m: m.commands.attach(
            InvocationTarget(target=Target.workflow("Signup", "w1", "Run"))
        ),
        pb.AttachInvocationCommandMessage(
            workflow_target=pb.WorkflowTarget(workflow_name="Signup", workflow_key="w1"),
            result_completion_id=1,
        ),
        "0412000000000010 220c0a065369676e7570120277315801",
    ),
    "attach to an idempotent request": Command(
        lambda m: m.commands.attach(InvocationTarget(target=_CART, idempotency_key="abc123")),
        pb.AttachInvocationCommandMessage(
            idempotent_request_target=pb.IdempotentRequestTarget(
                service_name="shop.v1.Cart",
                service_key="alice",
                handler_name="AddTicket",
                idempotency_key="abc123",
            ),
            result_completion_id=1,
        ),
        "041200000000002c "
        "1a280a0c73686f702e76312e436172741205616c6963651a094164645469636b65742206"
        "6162633132335801",
    ),
    "attach in a scope": Command(
        lambda m: m.commands.attach(InvocationTarget(target=_SCOPED, idempotency_key="abc123")),
        pb.AttachInvocationCommandMessage(
            idempotent_request_target=pb.IdempotentRequestTarget(
                service_name="shop.v1.Cart",
                service_key="alice",
                handler_name="AddTicket",
                idempotency_key="abc123",
                scope="tenant",
            ),
            result_completion_id=1,
        ),
        "0412000000000034 "
        "1a300a0c73686f702e76312e436172741205616c6963651a094164645469636b65742206"
        "6162633132332a0674656e616e745801",
        version=7,
    ),
    "get output": Command(
        lambda m: m.commands.get_output(InvocationTarget("inv_other")),
        pb.GetInvocationOutputCommandMessage(invocation_id="inv_other", result_completion_id=1),
        "041300000000000d 0a09696e765f6f746865725801",
    ),
    "get output of a workflow in a scope": Command(
        lambda m: m.commands.get_output(
            InvocationTarget(target=Target.workflow("Signup", "w1", "Run", scope="tenant"))
        ),
        pb.GetInvocationOutputCommandMessage(
            workflow_target=pb.WorkflowTarget(
                workflow_name="Signup", workflow_key="w1", scope="tenant"
            ),
            result_completion_id=1,
        ),
        "0413000000000018 22140a065369676e7570120277311a0674656e616e745801",
        version=7,
    ),
    "get output of an idempotent request": Command(
        lambda m: m.commands.get_output(
            InvocationTarget(target=Target("Greeter", "greet"), idempotency_key="abc123")
        ),
        pb.GetInvocationOutputCommandMessage(
            idempotent_request_target=pb.IdempotentRequestTarget(
                service_name="Greeter", handler_name="greet", idempotency_key="abc123"
            ),
            result_completion_id=1,
        ),
        "041300000000001c 1a180a07477265657465721a05677265657422066162633132335801",
    ),
    "resolve awakeable": Command(
        lambda m: m.commands.complete_awakeable("sign_1abc", b"yes"),
        pb.CompleteAwakeableCommandMessage(awakeable_id="sign_1abc", value=value(b"yes")),
        "0414000000000012 0a097369676e5f3161626312050a03796573",
    ),
    "reject awakeable": Command(
        lambda m: m.commands.complete_awakeable("sign_1abc", _FAILURE),
        pb.CompleteAwakeableCommandMessage(
            awakeable_id="sign_1abc", failure=pb.Failure(code=409, message="sold out")
        ),
        "041400000000001a 0a097369676e5f316162631a0d0899031208736f6c64206f7574",
    ),
}

_NAMED: dict[str, Callable[[StateMachine], object]] = {
    "get state": lambda m: m.commands.state.get("tickets", "n"),
    "get state that is there": lambda m: m.commands.state.get("b", "n"),
    "get state that is empty": lambda m: m.commands.state.get("a", "n"),
    "get state that is not there": lambda m: m.commands.state.get("c", "n"),
    "get state keys": lambda m: m.commands.state.keys("n"),
    "get state keys that are there": lambda m: m.commands.state.keys("n"),
    "set state": lambda m: m.commands.state.set("tickets", b"\x08\x01", "n"),
    "clear state": lambda m: m.commands.state.clear("tickets", "n"),
    "clear all state": lambda m: m.commands.state.clear_all("n"),
    "get promise": lambda m: m.commands.get_promise("email", "n"),
    "peek promise": lambda m: m.commands.peek_promise("email", "n"),
    "resolve promise": lambda m: m.commands.complete_promise("email", b"ok", "n"),
    "send signal": lambda m: m.commands.send_signal("inv_other", "approved", b"yes", "n"),
    "cancel invocation": lambda m: m.commands.cancel_invocation("inv_other", "n"),
    "attach": lambda m: m.commands.attach(InvocationTarget("inv_other"), "n"),
    "get output": lambda m: m.commands.get_output(InvocationTarget("inv_other"), "n"),
    "resolve awakeable": lambda m: m.commands.complete_awakeable("sign_1abc", b"yes", "n"),
}


def _named(title: str, issue: Callable[[StateMachine], object]) -> Command:
    """Return the same command with a name, which every command has as its field 12."""
    command = COMMANDS[title]
    message = type(command.message)()
    message.CopyFrom(command.message)
    is_signal = isinstance(message, pb.SendSignalCommandMessage)
    setattr(message, "entry_name" if is_signal else "name", "n")
    data = message.SerializeToString(deterministic=True)
    head = command.golden[:8] + f"{len(data):08x}"
    assert b"\x62\x01n" in data
    return Command(issue, message, f"{head} {data.hex()}", command.version, command.state)


COMMANDS.update({f"{title}, named": _named(title, it) for title, it in _NAMED.items()})

each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS.keys())
