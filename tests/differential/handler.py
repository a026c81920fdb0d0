"""Handlers of random operations, which run on either state machine, or on both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from restate_proto.protocol import Failure
from tests.differential.side import CANCELLED, WAITS, Ended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tests.differential.side import Side

__all__ = ["Machines", "Operation", "change", "draw", "perform"]

KEYS = ("k0", "k1", "k2")
NAMES = ("named", "other")


@dataclass(frozen=True)
class Operation:
    """What a handler does.

    Args:
        kind: which operation.
        number: what its arguments are made of.
    """

    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


KINDS = (
    *("get", "get", "keys", "set", "set", "clear", "clear all"),
    *("sleep", "call", "call", "send", "run", "run", "awakeable", "signal", "attach"),
    *("tell awakeable", "tell signal", "cancel", "get promise", "peek promise", "complete promise"),
    *("wait", "wait", "wait", "wait any", "wait any", "wait all"),
)


def draw(random: Random, most: int = 12) -> list[Operation]:
    """A handler of random operations."""
    return [
        Operation(random.choice(KINDS), random.randrange(1_000))
        for _ in range(random.randint(1, most))
    ]


def change(operations: Sequence[Operation], random: Random) -> list[Operation]:
    """The handler after a change: of an operation or of the order, with one more or one less."""
    changed = list(operations)
    place = random.randrange(len(changed))
    match random.randrange(5):
        case 0:
            del changed[place]
        case 1:
            changed.insert(place, *draw(random, 1))
        case 2:
            changed[place] = Operation(changed[place].kind, random.randrange(1_000))
        case 3:
            changed[place] = draw(random, 1)[0]
        case _:
            random.shuffle(changed)
    return changed


class Machines(Protocol):
    """What a handler runs on: one state machine, or both in lockstep."""

    version: int
    signals: set[str]
    """The names of signals that are awaited."""

    @property
    def handles(self) -> list[Any]:
        """The handles of what was begun."""
        ...

    def do(self, what: str, operation: Callable[[Side], Any]) -> Any:
        """Do something on each of them.

        Raises:
            Ended: the attempt is over.
        """
        ...


def perform(
    machines: Machines,
    operations: Sequence[Operation],
    seen: list[object],
    on_wait: Callable[[list[int]], None],
) -> None:
    """Run the handler to its attempt's end.

    Args:
        machines: what it runs on.
        operations: what the handler does.
        seen: takes what it sees.
        on_wait: feeds both where it waits, or closes their input.
    """
    try:
        if not machines.do("is it ready", lambda side: side.is_ready):
            return
        seen.append(machines.do("input", lambda side: side.begin()))
        was_cleared = False
        for operation in operations:
            was_cleared |= operation.kind == "clear"
            if operation.kind != "keys" or not was_cleared:  # see `KNOWN`
                _do(machines, operation, seen, on_wait)
        last = Failure(409, "no", (("k", "v"),) if machines.version >= 6 else ())
        result = last if len(operations) % 5 == 4 else b"done"
        machines.do("output", lambda side: side.write_output(result))
        machines.do("end", lambda side: side.end())
    except Ended:
        pass


def _do(
    machines: Machines,
    operation: Operation,
    seen: list[object],
    on_wait: Callable[[list[int]], None],
) -> None:
    number = operation.number
    key, value = KEYS[number % 3], b"%d" % number
    name = NAMES[number % 2]
    result: bytes | Failure = value if number % 4 else Failure(500 + number % 7, "failed")
    if number % 24 == 0 and machines.version >= 6:
        result = Failure(418, "", (("detail", "more"),))
    once = f"once-{key}" if number % 5 == 0 else None
    does: dict[str, Callable[[Side], object]] = {
        "get": lambda side: side.get(key),
        "keys": lambda side: side.keys(),
        "set": lambda side: side.set(key, value),
        "clear": lambda side: side.clear(key),
        "clear all": lambda side: side.clear_all(),
        "sleep": lambda side: side.sleep(number, name),
        "call": lambda side: side.call(key, value, once),
        "send": lambda side: side.send(key, value, once, number % 3),
        "run": lambda side: side.run(name),
        "awakeable": lambda side: side.awakeable(),
        "signal": lambda side: side.signal(name),
        "attach": lambda side: side.attach("inv_other"),
        "tell awakeable": lambda side: side.complete_awakeable("sign_1abc", _plain(result)),
        "tell signal": lambda side: side.send_signal("inv_other", name, _plain(result)),
        "cancel": lambda side: side.cancel("inv_other"),
        "get promise": lambda side: side.get_promise(key),
        "peek promise": lambda side: side.peek_promise(key),
        "complete promise": lambda side: side.complete_promise(key, _plain(result)),
    }
    if operation.kind == "signal":
        if name in machines.signals:
            return  # ours refuses to wait for a name twice: see `KNOWN`
        machines.signals.add(name)
    if operation.kind in does:
        seen.append(machines.do(str(operation), does[operation.kind]))
        return
    handles = len(machines.handles)
    if not handles:
        return
    match operation.kind:
        case "wait":
            awaited = [[number % handles]]
        case "wait any":
            awaited = [sorted({number % handles, number // 3 % handles, number // 7 % handles})]
        case _:
            awaited = [[index] for index in range(handles)]
    for indices in awaited:
        _wait(machines, operation, indices, result, seen, on_wait)


def _plain(result: bytes | Failure) -> bytes | Failure:
    """Without metadata, which the official Python functions do not take here."""
    return result if isinstance(result, bytes) else result._replace(metadata=())


def _wait(
    machines: Machines,
    operation: Operation,
    indices: list[int],
    result: bytes | Failure,
    seen: list[object],
    on_wait: Callable[[list[int]], None],
) -> None:
    while True:
        outcome = machines.do(str(operation), lambda side: side.wait(indices))
        if outcome is WAITS:
            on_wait(indices)
        elif isinstance(outcome, int):
            machines.do(f"propose {outcome}", partial(_propose, index=outcome, result=result))
        else:
            seen.append(outcome)
            if outcome is not CANCELLED:
                return


def _propose(side: Side, index: int, result: bytes | Failure) -> None:
    side.propose(index, result)
