"""Intended differences between the two state machines, and why they are intended.

The tests avoid or ignore them; each has a test that shows it.
"""

from __future__ import annotations

__all__ = ["KNOWN"]

KNOWN = {
    "the id after an eager read": (
        "Restate's answer to a read of state that came with the start message is in the command. The "
        "official machine gives it a completion id all the same, and never uses it; ours does not."
    ),
    "keys that were cleared": (
        "Asked for the keys of eager state, the official machine lists those that the handler has "
        "cleared. Ours lists those that have a value."
    ),
    "calls that have a result": (
        "At a cancellation the official machine cancels all calls that it has made, those that have "
        "ended too. Ours cancels those that have not."
    ),
    "several calls without an id": (
        "At a cancellation the official machine waits for the invocation ids of its calls one after "
        "the other, ours for all of them, which takes fewer suspensions."
    ),
    "waiting for a second cancellation": (
        "After a cancellation the official machine waits for the next one with every wait. Restate "
        "has the first in the journal and would resume the invocation at once, again and again."
    ),
    "two cancellations at once": (
        "Where a second one comes before the handler was told of the first, the official machine "
        "tells it twice, ours once."
    ),
    "a signal that is awaited twice": (
        "The official machine has the second wait for the same name take a second signal, of which "
        "Restate keeps none. Our runtime refuses the second wait."
    ),
    "which run is executed first": (
        "Of several runs that are awaited, the official machine takes any, ours the oldest."
    ),
    "the place of a mismatch": (
        "Both fail with 570. Which command the error names differs where the journal has none that "
        "corresponds to what the code does."
    ),
    "a request that cannot be read": (
        "The official machine answers 500 to bytes that are no message of the protocol, and takes no "
        "notice of a message that is cut off by the end. Ours answers 571 to both. A field of the "
        "wrong wire type is an unknown field to ours, as protobuf has it, and an error to the official "
        "one, which in turn does not compare the completion ids of a journal with those of the code."
    ),
}
"""Each difference: what it is about, and what the two do."""
